// What every package has, and whether its numbers agree: versions, peer ranges, manifests.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import semver from 'semver';
import type { Finding, Package } from './workspace.js';

/** Longest source file: beyond it there are usually two nouns. */
const MOST_LINES = 600;
/** A README that says something. */
const LEAST_README = 400;

/** README, changelog, tests, and a place in the root's references. */
export function checkContents(root: string, packages: readonly Package[]): Finding[] {
  const findings: Finding[] = [];
  const references = readFileSync(join(root, 'tsconfig.json'), 'utf8');
  for (const { group, path, sources } of packages) {
    const lack = (what: string): void => void findings.push({ file: path, line: undefined, rule: 'contents', detail: what });
    for (const file of ['README.md', 'CHANGELOG.md']) if (!existsSync(join(root, path, file))) lack(`has no ${file}`);
    const readme = existsSync(join(root, path, 'README.md')) ? readFileSync(join(root, path, 'README.md'), 'utf8') : '';
    if (group === 'plugins' && readme.length < LEAST_README) lack(`its README.md says too little (${readme.length} characters)`);
    if (sources.length > 0 && !references.includes(`"${path}"`)) lack('is not in the references of tsconfig.json');
    if (group === 'plugins' && !sources.includes(`${path}/src/index.ts`)) lack('has no src/index.ts with its manifest');
    if (group === 'plugins' && !references.includes(`"${path}/test"`)) lack('its tests are not in the references of tsconfig.json');
    for (const source of sources) {
      const lines = readFileSync(join(root, source), 'utf8').split('\n').length;
      if (lines > MOST_LINES)
        findings.push({ file: source, line: lines, rule: 'length', detail: `${lines} lines; a file has ${MOST_LINES} at most` });
    }
  }
  if (!existsSync(join(root, 'LICENSE'))) findings.push({ file: 'LICENSE', line: undefined, rule: 'contents', detail: 'is missing' });
  return findings;
}

/** lerna never touches peer ranges: each must admit the version that the workspace has. */
export function checkRanges(_root: string, packages: readonly Package[]): Finding[] {
  const versions = new Map(packages.map(({ json }) => [json.name, json.version]));
  const findings: Finding[] = [];
  for (const { path, json } of packages) {
    for (const kind of ['dependencies', 'devDependencies', 'peerDependencies'] as const) {
      for (const [name, range] of Object.entries(json[kind] ?? {})) {
        const version = versions.get(name);
        if (version === undefined || semver.satisfies(version, range)) continue;
        findings.push({
          file: `${path}/package.json`,
          line: undefined,
          rule: 'range',
          detail: `${kind} has ${name} ${range}; the workspace is at ${version}`,
        });
      }
    }
  }
  return findings;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly api: string;
  readonly create: unknown;
}
const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'create' in value && 'api' in value && 'name' in value;

/** Each plugin's manifest says what its package.json says, and its API range admits the contracts of the workspace. */
export async function checkManifests(root: string, packages: readonly Package[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const contracts = packages.find(({ path }) => path === 'core/contracts')?.json.version;
  for (const { group, path, json } of packages) {
    if (group !== 'plugins') continue;
    const built = join(root, path, 'dist', 'index.js');
    const report = (detail: string): void => void findings.push({ file: path, line: undefined, rule: 'manifest', detail });
    if (!existsSync(built)) {
      report('is not built: run `npm run build` first');
      continue;
    }
    const module = (await import(pathToFileURL(built).href)) as Record<string, unknown>;
    const manifests = Object.values(module).filter(isManifest);
    const [manifest] = manifests;
    if (manifest === undefined || manifests.length > 1) {
      report(`exports ${manifests.length} manifests; a package is one plugin`);
      continue;
    }
    if (manifest.name !== json.name) report(`its manifest is named ${manifest.name}, its package ${json.name}`);
    if (manifest.version !== json.version) report(`its manifest has version ${manifest.version}, its package ${json.version}`);
    const peer = json.peerDependencies?.['@protoloom/contracts'];
    if (peer === undefined) report('has no peer range for @protoloom/contracts');
    else if (contracts !== undefined && !semver.satisfies(contracts, manifest.api))
      report(`is made for API ${manifest.api}; the contracts are at ${contracts}`);
    else if (!semver.intersects(peer, manifest.api))
      report(`its peer range ${peer} and its API range ${manifest.api} have no version in common`);
  }
  return findings;
}
