// npm run docs: writes what is data in the plugins' READMEs, and the page of their clauses; with --check only says which are out of date.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@protoloom/contracts';
import { type Readme, withClauses } from './conformance.js';
import { withTables } from './readme.js';

const isPlugin = (value: unknown): value is Plugin => typeof value === 'object' && value !== null && 'create' in value && 'api' in value;

export async function main(argv: readonly string[], root = process.cwd()): Promise<void> {
  const check = argv.includes('--check');
  let stale = 0;
  const write = (file: string, before: string, after: string | undefined): void => {
    if (after === undefined || after === before) return;
    stale++;
    process.stdout.write(`${file} ${check ? 'is out of date: run `npm run docs`' : 'written'}\n`);
    if (!check) writeFileSync(join(root, file), after);
  };
  const readmes: Readme[] = [];
  for (const folder of readdirSync(join(root, 'plugins')).sort()) {
    const built = join(root, 'plugins', folder, 'dist', 'index.js');
    const file = join(root, 'plugins', folder, 'README.md');
    if (!existsSync(built) || !existsSync(file)) continue;
    const plugin = Object.values((await import(pathToFileURL(built).href)) as Record<string, unknown>).find(isPlugin);
    const before = readFileSync(file, 'utf8');
    const after = plugin === undefined ? undefined : withTables(before, plugin);
    write(`plugins/${folder}/README.md`, before, after);
    readmes.push({ folder, text: after ?? before });
  }
  const page = 'docs/conformance.md';
  if (existsSync(join(root, page))) {
    const before = readFileSync(join(root, page), 'utf8');
    write(page, before, withClauses(before, readmes));
  }
  process.exitCode = check && stale > 0 ? 1 : 0;
}
