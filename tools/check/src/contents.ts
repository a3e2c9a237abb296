// What every package has.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, Package } from './workspace.js';

/** Beyond the first there are usually two nouns in a file; beyond the second always. */
const MANY_LINES = 500;
const TOO_MANY_LINES = 700;
/** Characters of a plugin's README that says what it implements. */
const LEAST_README = 400;

/** README, changelog, tests, a place in the root's references; and files of a length that one reads. */
export function checkContents(root: string, packages: readonly Package[]): Finding[] {
  const findings: Finding[] = [];
  const has = (...path: string[]): boolean => existsSync(join(root, ...path));
  const lack = (file: string, detail: string): void => void findings.push({ file, rule: 'contents', detail });
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { references: { path: string }[] };
  const referred = new Set(references.map(({ path }) => path));
  if (!has('LICENSE')) lack('LICENSE', 'is missing');
  for (const { group, path, json, sources, tests } of packages) {
    for (const file of ['README.md', 'CHANGELOG.md']) if (!has(path, file)) lack(path, `has no ${file}`);
    for (const project of [path, `${path}/test`]) {
      if (!has(project, 'tsconfig.json')) lack(project, 'has no tsconfig.json');
      else if (!referred.has(project)) lack(project, 'is not in the references of the root’s tsconfig.json');
    }
    if (group === 'plugins') {
      const length = has(path, 'README.md') ? readFileSync(join(root, path, 'README.md'), 'utf8').trim().length : 0;
      if (length < LEAST_README) lack(`${path}/README.md`, `says too little (${length} characters): what it implements, which RFCs`);
      if (!sources.some((file) => file.path === `${path}/src/index.ts`)) lack(path, 'has no src/index.ts with its manifest');
      if (!tests.some((file) => file.path.endsWith('.test.ts'))) lack(path, 'has no tests: test/*.test.ts');
      if (json.name !== `@protoloom/${path.slice('plugins/'.length)}`)
        lack(`${path}/package.json`, `is named ${json.name}, unlike its folder`);
    }
    for (const { path: file, lines } of sources) {
      if (lines > TOO_MANY_LINES) findings.push({ file, rule: 'length', detail: `${lines} lines; ${TOO_MANY_LINES} are the most` });
      else if (lines > MANY_LINES)
        findings.push({ file, rule: 'length', detail: `${lines} lines; ${MANY_LINES} are plenty`, warning: true });
    }
  }
  return findings;
}
