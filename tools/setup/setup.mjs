// Sets a checkout up: dependencies, the native addon, the build. Does only what has changed since; needs nothing but Node.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
process.chdir(root);

const GROUPS = ['core', 'plugins', 'hosts', 'spec', 'tools'];
const packages = GROUPS.flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(group, entry.name, 'package.json')))
    .map((entry) => join(group, entry.name)),
);

/** What an installation depends on. */
function digest() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}\n`);
  for (const file of ['package.json', 'package-lock.json', ...packages.map((folder) => join(folder, 'package.json'))])
    hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

/** Runs a command quietly, telling what it is and for how long; its output is shown where it fails. */
function step(label, command, args, { optional = false } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
    const shown = process.stderr.isTTY ? setInterval(() => process.stderr.write(`\r${label} … ${seconds()} s`), 500) : undefined;
    if (shown === undefined) process.stderr.write(`${label} …\n`);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, npm_config_loglevel: 'error' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const end = (code, reason) => {
      clearInterval(shown);
      const mark = code === 0 ? 'done' : optional ? 'skipped' : 'failed';
      process.stderr.write(`${shown === undefined ? '' : '\r'}${label} ${mark} in ${seconds()} s\n`);
      if (code === 0) return resolve(true);
      if (optional) {
        process.stderr.write(`  ${(output || reason).trim().split('\n').at(-1)}\n`);
        return resolve(false);
      }
      process.stderr.write(`${output}${reason}\n`);
      reject(new Error(`\`${command} ${args.join(' ')}\` failed`));
    };
    child.on('error', (error) => end(1, error.message));
    child.on('close', (code) => end(code ?? 1, ''));
  });
}

/** Compiled files whose source is gone: the test runner would still find them. */
function removeStale() {
  for (const folder of packages) {
    for (const [from, to] of [
      ['src', 'dist'],
      ['test', '.test'],
    ]) {
      const built = join(folder, to);
      if (!existsSync(built)) continue;
      for (const file of readdirSync(built, { recursive: true })) {
        const stem = /^(.*)\.(?:d\.ts|d\.ts\.map|js|js\.map)$/.exec(String(file))?.[1];
        if (stem === undefined || existsSync(join(folder, from, `${stem}.ts`))) continue;
        rmSync(join(built, String(file)), { force: true });
        rmSync(join(built, '.tsbuildinfo'), { force: true });
      }
    }
  }
}

/** node_modules is what the lock file says, unless a package file has changed. */
async function install() {
  const stamp = join('node_modules', '.protoloom-setup');
  const wanted = digest();
  const have = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (have === wanted) return;
  await step('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund']);
  mkdirSync('node_modules', { recursive: true });
  writeFileSync(stamp, wanted);
}

try {
  await install();
  const addon = join('hosts', 'tun-tap', 'build', 'tuntap.node');
  if (process.platform === 'linux') {
    const source = readFileSync(join('hosts', 'tun-tap', 'native', 'tuntap.c'));
    const mark = `${addon}.sha256`;
    const wanted = createHash('sha256').update(source).update(process.arch).digest('hex');
    if (!existsSync(addon) || !existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
      rmSync(addon, { force: true });
      if (await step('compiling the TAP and TUN addon', process.execPath, ['hosts/tun-tap/scripts/build.mjs'], { optional: true }))
        writeFileSync(mark, wanted);
    }
  }
  removeStale();
  const built = packages.every((folder) => existsSync(join(folder, 'dist', '.tsbuildinfo')));
  const tsc = [join('node_modules', 'typescript', 'bin', 'tsc'), '-b'];
  if (built) {
    // Incremental: says nothing where nothing has changed.
    await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, tsc, { stdio: ['ignore', 'inherit', 'inherit'] });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error('`tsc -b` failed'))));
    });
  } else await step('compiling', process.execPath, tsc);
} catch (error) {
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
