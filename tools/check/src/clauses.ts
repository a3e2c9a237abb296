// Tables of clauses in the plugins' READMEs: what each input meets, and the test that shows it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, Package } from './workspace.js';

/** The rows of the tables whose first column is `clause` and whose last is `test`, as cells, with their line numbers from 1. */
export function clauseRows(readme: string): { readonly line: number; readonly cells: readonly string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  let inside = false;
  for (const [i, text] of readme.split('\n').entries()) {
    const cells = text
      .replace(/^\| ?| ?\|$/g, '')
      .split(' | ')
      .map((cell) => cell.trim());
    if (!text.startsWith('|')) inside = false;
    else if (cells[0] === 'clause' && cells.at(-1) === 'test') inside = true;
    else if (inside && !/^\|( ?-+ ?\|)+$/.test(text)) rows.push({ line: i + 1, cells });
  }
  return rows;
}

/** Each row names tests, in backticks, by a part of their titles; each stands in a test of the plugin's. */
export function checkClauses(root: string, packages: readonly Package[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path } of packages) {
    const file = `${path}/README.md`;
    const rows = existsSync(join(root, file)) ? clauseRows(readFileSync(join(root, file), 'utf8')) : [];
    if (rows.length === 0) continue;
    const tests = readdirSync(join(root, path, 'test'))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(root, path, 'test', name), 'utf8'))
      .join('\n');
    for (const { line, cells } of rows) {
      const titles = [...(cells.at(-1) as string).matchAll(/`([^`]+)`/g)].map(([, title]) => title as string);
      if (titles.length === 0) findings.push({ file, line, rule: 'clauses', detail: 'names no test' });
      for (const title of titles)
        if (!tests.includes(title))
          findings.push({ file, line, rule: 'clauses', detail: `no test of ${path} has \`${title}\` in its title` });
    }
  }
  return findings;
}
