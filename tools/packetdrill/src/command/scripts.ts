// Running files: what is common to the command's own thread and to its workers.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin, SysctlValue } from '@protoloom/contracts';
import { type RunOptions, type RunResult, runScript } from '../run/run.js';

/** What a run of files is asked for; plain data, so that it can be handed to a thread. */
export interface Plan {
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly definitions: Readonly<Record<string, string>>;
  readonly strictTime: boolean;
  readonly seed: number;
  /** A module that exports the assembly; undefined: the whole Linux-like host. */
  readonly config: string | undefined;
}

/** A file of Linux's is ASCII or UTF-8; whatever else it is, it is read octet by octet. */
const DECODER = new TextDecoder('utf-8');

/** What a module of `--config` exports: its plugins by default, or as `plugins`, and `sysctls` besides. */
interface Assembly {
  readonly stack?: readonly Plugin[];
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
}

export class ConfigError extends Error {
  readonly code = 'EINVAL';
}

async function loadAssembly(path: string | undefined): Promise<Assembly> {
  if (path === undefined) return {};
  const module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  const plugins = module['default'] ?? module['plugins'];
  const { sysctls } = module as { sysctls?: Readonly<Record<string, SysctlValue>> };
  if (!Array.isArray(plugins)) throw new ConfigError(`--config ${path}: exports no list of plugins, as default or as plugins`);
  return { stack: plugins as readonly Plugin[], ...(sysctls === undefined ? {} : { sysctls }) };
}

/** A function that runs one file. @throws ConfigError */
export async function scriptRunner(plan: Plan): Promise<(path: string) => RunResult> {
  const { config, ...rest } = plan;
  const options: RunOptions = { ...rest, ...(await loadAssembly(config)) };
  return (path) =>
    runScript(DECODER.decode(readFileSync(path)), {
      ...options,
      readFile(name) {
        try {
          return readFileSync(resolve(dirname(path), name), 'utf8');
        } catch {
          return undefined;
        }
      },
    });
}
