// Whether a plugin's manifest agrees with its package.json, and its ranges with what the workspace has.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import semver from 'semver';
import type { Finding, Package } from './workspace.js';

/** What is read of a manifest; the shape is `Plugin` in the contracts, which need not be built for it. */
interface Token {
  readonly id: string;
  readonly major: number;
}
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly api: string;
  readonly uses?: Readonly<Record<string, { readonly service: Token; readonly range: string }>>;
  readonly attaches?: Readonly<Record<string, { readonly points: readonly Token[]; readonly range: string }>>;
  readonly provides?: Readonly<Record<string, { readonly service: Token; readonly version: string }>>;
  readonly owns?: Readonly<Record<string, { readonly point: Token; readonly version: string }>>;
}

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'create' in value && 'api' in value && 'name' in value;

const written = ({ id, major }: Token): string => `${id}@${major}`;

/** Each plugin's built manifest; what has none is a finding. */
async function readManifests(root: string, packages: readonly Package[], findings: Finding[]): Promise<Map<Package, Manifest>> {
  const manifests = new Map<Package, Manifest>();
  for (const own of packages) {
    if (own.group !== 'plugins') continue;
    const report = (detail: string): void => void findings.push({ file: own.path, rule: 'manifest', detail });
    const built = join(root, own.path, 'dist', 'index.js');
    if (!existsSync(built)) {
      report('is not built: run `npm run build` first');
      continue;
    }
    try {
      const module = (await import(pathToFileURL(built).href)) as Record<string, unknown>;
      const [manifest, ...more] = new Set(Object.values(module).filter(isManifest));
      if (manifest === undefined || more.length > 0)
        report(`exports ${more.length + (manifest ? 1 : 0)} manifests; a package is one plugin`);
      else manifests.set(own, manifest);
    } catch (error) {
      report(`cannot be imported: ${(error as Error).message}`);
    }
  }
  return manifests;
}

/** Each plugin's manifest says what its package.json says, and its ranges admit what the workspace implements. */
export async function checkManifests(root: string, packages: readonly Package[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const manifests = await readManifests(root, packages, findings);
  const contracts = packages.find(({ path }) => path === 'core/contracts')?.json.version;
  const implemented = new Map<string, string>();
  for (const { provides = {}, owns = {} } of manifests.values()) {
    for (const { service, version } of Object.values(provides)) implemented.set(written(service), version);
    for (const { point, version } of Object.values(owns)) implemented.set(written(point), version);
  }
  for (const [{ path, json }, manifest] of manifests) {
    const report = (detail: string): void => void findings.push({ file: path, rule: 'manifest', detail });
    if (manifest.name !== json.name) report(`its manifest is named ${manifest.name}, its package ${json.name}`);
    if (manifest.version !== json.version) report(`its manifest has version ${manifest.version}, its package ${json.version}`);

    const peer = json.peerDependencies?.['@protoloom/contracts'];
    if (semver.validRange(manifest.api) === null) report(`its api ${manifest.api} is no range`);
    else if (contracts !== undefined && !semver.satisfies(contracts, manifest.api))
      report(`is made for api ${manifest.api}; the contracts are at ${contracts}`);
    else if (peer === undefined) report('has no peer range for @protoloom/contracts');
    else if (!semver.intersects(peer, manifest.api)) report(`its peer range ${peer} and its api ${manifest.api} have no version in common`);

    for (const [entry, { service, version }] of Object.entries(manifest.provides ?? {})) {
      if (semver.valid(version) === null || semver.major(version) !== service.major)
        report(`provides ${entry} at ${version}, which is no version of ${written(service)}`);
    }
    for (const [entry, { point, version }] of Object.entries(manifest.owns ?? {})) {
      if (semver.valid(version) === null || semver.major(version) !== point.major)
        report(`owns ${entry} at ${version}, which is no version of ${written(point)}`);
    }
    const wants = [
      ...Object.values(manifest.uses ?? {}).map(({ service, range }) => ({ token: service, range })),
      ...Object.values(manifest.attaches ?? {}).flatMap(({ points, range }) => points.map((token) => ({ token, range }))),
    ];
    for (const { token, range } of wants) {
      const version = implemented.get(written(token));
      if (semver.validRange(range) === null) report(`its range ${range} for ${written(token)} is none`);
      else if (version !== undefined && !semver.satisfies(version, range))
        report(`wants ${written(token)} ${range}; the workspace implements ${version}`);
      else if (!semver.intersects(range, `^${token.major}.0.0`))
        report(`wants ${written(token)} ${range}, and no version of it is in that range`);
    }
  }
  return findings;
}
