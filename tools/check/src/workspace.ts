// The packages of a checkout.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const GROUPS = ['core', 'plugins', 'hosts', 'spec', 'tools'] as const;
export type Group = (typeof GROUPS)[number];

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  readonly group: Group;
  /** From the root: `plugins/udp`. */
  readonly path: string;
  readonly json: PackageJson;
  /** Source files, from the root. */
  readonly sources: readonly string[];
}

/** What is wrong: where, and which rule it breaks. */
export interface Finding {
  readonly file: string;
  readonly line: number | undefined;
  readonly rule: string;
  readonly detail: string;
}

export const format = ({ file, line, rule, detail }: Finding): string =>
  `${file}${line === undefined ? '' : `:${line}`} ${rule}: ${detail}`;

const filesBelow = (root: string, folder: string): string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    : [];

export function readWorkspace(root: string): Package[] {
  return GROUPS.flatMap((group) => {
    if (!existsSync(join(root, group))) return [];
    return readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => {
        const path = join(group, entry.name);
        const json = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as PackageJson;
        return { group, path, json, sources: filesBelow(root, join(path, 'src')) };
      });
  });
}
