// Scripts in the packetdrill language, and playing them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunOptions, type RunResult, runScript } from '@protoloom/packetdrill';

export const HERE: string = fileURLToPath(new URL('..', import.meta.url));
export const OWN: string = join(HERE, 'scripts');
export const RECORDED: string = join(HERE, 'recorded');

export const scriptsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .sort();

export function play(path: string, options: RunOptions = {}): RunResult {
  return runScript(readFileSync(path, 'utf8'), {
    readFile(other) {
      const file = resolve(dirname(path), other);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
    ...options,
  });
}

const usual = new Map<string, RunResult>();

/** As it plays without any option: once, however many tests ask. */
export function playUsual(path: string): RunResult {
  const known = usual.get(path) ?? play(path);
  usual.set(path, known);
  return known;
}
