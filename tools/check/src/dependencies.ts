// Whether package.json and tsconfig.json say what the sources import, and the ranges what the workspace has.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import semver from 'semver';
import { type File, type Finding, type Package, type PackageJson, packageOf } from './workspace.js';

/** Packages that files import: not themselves, and not Node's. */
function imported(files: readonly File[], own: string): Set<string> {
  const names = new Set<string>();
  for (const { imports } of files)
    for (const { specifier } of imports)
      if (specifier !== undefined && !specifier.startsWith('.') && !specifier.startsWith('node:')) names.add(packageOf(specifier));
  names.delete(own);
  return names;
}

/** Imports that package.json does not declare, and declarations that nothing imports. */
export function checkDeclared(packages: readonly Package[]): Finding[] {
  return packages.flatMap(({ path, json, sources }) => {
    const file = `${path}/package.json`;
    const declared = new Set(Object.keys({ ...json.dependencies, ...json.peerDependencies }));
    const used = imported(sources, json.name);
    return [
      ...[...used]
        .filter((name) => !declared.has(name))
        .map((name) => ({ file, rule: 'declared', detail: `src imports ${name}, which is in neither dependencies nor peerDependencies` })),
      ...[...declared]
        .filter((name) => !used.has(name))
        .map((name) => ({ file, rule: 'declared', detail: `${name} is declared and nothing in src imports it` })),
    ];
  });
}

/**
 * A package of the workspace that src or test imports is in the references of its tsconfig.json: otherwise a fresh clone builds in the
 * wrong order, and only a checkout that was built before does not notice.
 */
export function checkReferences(root: string, packages: readonly Package[]): Finding[] {
  const pathOf = new Map(packages.map(({ json, path }) => [json.name, path]));
  return packages.flatMap(({ path, json, sources, tests }) =>
    (
      [
        [`${path}/tsconfig.json`, sources],
        [`${path}/test/tsconfig.json`, tests],
      ] as const
    ).flatMap(([file, files]) => {
      if (!existsSync(join(root, file))) return [];
      const { references = [] } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { references?: { path: string }[] };
      const referred = new Set(references.map((one) => normalize(join(dirname(file), one.path))));
      return [...imported(files, json.name)]
        .map((name) => pathOf.get(name))
        .filter((target) => target !== undefined && !referred.has(target))
        .map((target) => ({ file, rule: 'references', detail: `imports ${target}, which is not in its references` }));
    }),
  );
}

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/**
 * Ranges of our own packages admit the version that the workspace has (lerna never touches peer ranges); what comes from the registry
 * is pinned exactly, save that a peer range stays a range.
 */
export function checkRanges(root: string, packages: readonly Package[]): Finding[] {
  const versions = new Map(packages.map(({ json }) => [json.name, json.version]));
  const manifests = packages.map(({ path, json }) => ({ file: `${path}/package.json`, json }));
  if (existsSync(join(root, 'package.json')))
    manifests.unshift({ file: 'package.json', json: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson });
  return manifests.flatMap(({ file, json }) =>
    SECTIONS.flatMap((section) =>
      Object.entries(json[section] ?? {}).flatMap(([name, range]): Finding[] => {
        const version = versions.get(name);
        if (version !== undefined) {
          if (semver.satisfies(version, range, { includePrerelease: true })) return [];
          return [{ file, rule: 'range', detail: `${section} has ${name} ${range}; the workspace is at ${version}` }];
        }
        if (section === 'peerDependencies' ? semver.validRange(range) !== null : semver.valid(range) === range) return [];
        return [{ file, rule: 'pinned', detail: `${section} has ${name} ${range}: what comes from the registry is pinned exactly` }];
      }),
    ),
  );
}

/** No machine's registry, path or secret in what every clone reads. */
export function checkLock(root: string): Finding[] {
  const findings: Finding[] = [];
  const scan = (file: string, wrong: RegExp, detail: string): void => {
    if (!existsSync(join(root, file))) return;
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .forEach((text, i) => {
        if (wrong.test(text)) findings.push({ file, line: i + 1, rule: 'lock', detail });
      });
  };
  scan(
    'package-lock.json',
    /"resolved":\s*"(?:\w[\w+.-]*:|\/|\.\.)|"(?:file|link):/,
    'names a registry, or a place of one machine: lock with `npm install --omit-lockfile-registry-resolved`',
  );
  scan(
    '.npmrc',
    /:\/\/|[=\s]~?\/|^\s*(?:\S*:)?(?:_auth|_authToken|_password|registry|nodedir|cache|prefix)\b/,
    'is of one machine: it belongs in the user’s .npmrc',
  );
  return findings;
}
