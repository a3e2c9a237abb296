// A checkout in a temporary folder, sound but for what a test breaks in it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Finding, format, type Package, readWorkspace } from '@protoloom/check';

export type Files = Readonly<Record<string, string>>;

const PACKAGES = [
  'core/wire',
  'core/contracts',
  'core/mechanisms',
  'core/stack',
  'plugins/udp',
  'plugins/tcp',
  'hosts/node',
  'spec/frames',
  'tools/cli',
];
const nameOf = (path: string): string => `@protoloom/${path.split('/')[1]}`;

/** The package.json of a package. */
export const packageJson = (path: string, more: object = {}): string =>
  JSON.stringify({ name: nameOf(path), version: '1.0.0', exports: { '.': {}, './ip': {} }, ...more });

/** The built entry point of a plugin. */
export const plugin = (path: string, more = ''): string =>
  `export const it = { name: '${nameOf(path)}', version: '1.0.0', api: '^1.0.0', create() {}, ${more} };`;

const token = (id: string): string => `{ id: '${id}', major: 1 }`;
/** Lines of a manifest. */
export const using = (id: string, range: string): string => `uses: { it: { service: ${token(id)}, range: '${range}' } }`;
export const attaching = (id: string, range: string): string => `attaches: { it: { points: [${token(id)}], range: '${range}' } }`;
export const providing = (id: string, version: string): string => `provides: { it: { service: ${token(id)}, version: '${version}' } }`;
export const owning = (id: string, version: string): string => `owns: { it: { point: ${token(id)}, version: '${version}' } }`;

function sound(): Record<string, string> {
  const files: Record<string, string> = {
    LICENSE: '',
    'package.json': JSON.stringify({ devDependencies: { mocha: '12.0.3' } }),
    'package-lock.json': '"node_modules/@protoloom/udp": {\n  "resolved": "plugins/udp",\n  "funding": "https://example.org"\n}',
    'tsconfig.json': JSON.stringify({ references: PACKAGES.flatMap((path) => [{ path }, { path: `${path}/test` }]) }),
  };
  for (const path of PACKAGES) {
    files[`${path}/package.json`] = packageJson(path);
    files[`${path}/README.md`] = 'x'.repeat(400);
    files[`${path}/CHANGELOG.md`] = '';
    files[`${path}/tsconfig.json`] = '{}';
    files[`${path}/test/tsconfig.json`] = '{}';
    if (!path.startsWith('plugins/')) continue;
    files[`${path}/package.json`] = packageJson(path, { peerDependencies: { '@protoloom/contracts': '^1.0.0' } });
    files[`${path}/src/index.ts`] = '';
    files[`${path}/dist/index.js`] = plugin(path);
    files[`${path}/dist/package.json`] = '{ "type": "module" }';
    files[`${path}/test/a.test.ts`] = '';
  }
  return files;
}

type Check = (root: string, packages: readonly Package[]) => readonly Finding[] | Promise<readonly Finding[]>;

/** What `check` finds in a sound checkout with these files changed, and these gone. */
export async function found(check: Check, changed: Files = {}, gone: readonly string[] = []): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'protoloom-check-'));
  try {
    for (const [path, text] of Object.entries({ ...sound(), ...changed })) {
      if (gone.includes(path)) continue;
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return (await check(root, readWorkspace(root))).map(format);
  } finally {
    rmSync(root, { recursive: true });
  }
}
