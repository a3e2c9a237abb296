// Compiles the addon with the machine's C compiler against Node's own headers. Does nothing where it is newer than its sources.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ['tuntap.c', 'segments.c', 'segments.h'].map((name) => join(root, 'native', name));
const [out = join(root, 'build', 'tuntap.node')] = process.argv.slice(2);

if (process.platform !== 'linux') {
  console.error(`the TAP and TUN addon is for Linux, not ${process.platform}`);
  process.exit(1);
}
if (existsSync(out) && sources.every((source) => statSync(out).mtimeMs > statSync(source).mtimeMs)) process.exit(0);

const places = [
  process.env.npm_config_nodedir,
  process.env.npm_package_config_nodedir,
  dirname(dirname(process.execPath)),
  '/usr',
  '/usr/local',
];
const headers = places.filter((place) => place !== undefined).map((place) => join(place, 'include', 'node'));
const include = headers.find((place) => existsSync(join(place, 'node_api.h')) && existsSync(join(place, 'uv.h')));
if (include === undefined) {
  console.error(`Node's headers (node_api.h, uv.h) are in none of ${headers.join(', ')}: set npm_config_nodedir to where include/node is`);
  process.exit(1);
}
mkdirSync(dirname(out), { recursive: true });
const compiler = process.env.CC ?? 'cc';
const flags = [
  '-O2',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  '-s',
  `-I${include}`,
  '-DNAPI_VERSION=8',
  '-o',
  out,
  ...sources.filter((source) => source.endsWith('.c')),
];
try {
  execFileSync(compiler, flags, { stdio: ['ignore', 'inherit', 'inherit'], timeout: 120_000 });
} catch (error) {
  console.error(
    error.code === 'ENOENT'
      ? `there is no C compiler ${compiler}: install one (gcc), or set CC`
      : `${compiler} could not compile ${join(root, 'native')}`,
  );
  process.exit(1);
}
