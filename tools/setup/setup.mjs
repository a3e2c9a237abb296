// Sets a checkout up: dependencies, the native addon, the build. Does only what has changed since; needs nothing but Node.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

const folders = ['core', 'plugins', 'hosts', 'spec', 'tools'].flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(group, entry.name)),
);
const packages = folders.filter((folder) => existsSync(join(folder, 'package.json')));

const compiler = join('node_modules', 'typescript', 'bin', 'tsc');

const say = (text) => process.stderr.write(text);
const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const digest = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/**
 * What is under way. An interruption ends it for good, and waits for that: npm left alone would go on cleaning up, and meet the next run.
 */
let running;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    if (running === undefined) process.exit(1);
    running.kill('SIGKILL');
  });
}

/**
 * Runs a command quietly, telling what it does, and for how long, once it has taken half a second. Its output is shown where it
 * fails; answers whether it went well.
 */
function step(label, command, args) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    const live = process.stderr.isTTY;
    let told = false;
    const timer = setInterval(() => {
      if (live) say(`\r${label} … ${seconds()}`);
      else if (!told) say(`${label} …\n`);
      told = true;
    }, 500);
    let output = '';
    const end = (code) => {
      clearInterval(timer);
      running = undefined;
      if (told || code !== 0)
        say(`${told && live ? '\r' : ''}${label}: ${code === 0 ? 'done' : interrupted ? 'interrupted' : 'failed'} after ${seconds()}\n`);
      if (interrupted) reject(new Error('interrupted; it begins where it was when it is run again'));
      else resolve({ ok: code === 0, output: output.trim(), command: [command, ...args].join(' ') });
    };
    const env = { ...process.env, npm_config_loglevel: 'error', npm_config_progress: 'false', npm_config_update_notifier: 'false' };
    running = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [running.stdout, running.stderr]) stream.on('data', (data) => (output += data));
    // A command that is not there: `close` follows.
    running.on('error', (error) => (output += error.message));
    running.on('close', (code) => end(code ?? 1));
  });
}

const must = ({ ok, output, command }) => {
  // Behind its reason, npm explains how it is used.
  if (!ok) throw new Error(`\`${command}\` failed:\n${output.split('\nnpm error Clean install')[0]}`);
};

/** What an installation depends on; a new script or description is no reason for another. */
const FIELDS = [
  'name',
  'version',
  'bin',
  'workspaces',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
];

/** node_modules is what the lock file says, unless that or a package.json has changed since; `npm ci` removes the stamp as it begins. */
async function install() {
  const stamp = join('node_modules', '.protoloom-setup');
  const declared = ['.', ...packages].map((folder) => {
    const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return [folder, FIELDS.map((field) => json[field])];
  });
  const wanted = digest(process.version, process.platform, process.arch, textOf('package-lock.json'), declared);
  if (textOf(stamp) === wanted && existsSync(compiler)) return;
  rmSync(stamp, { force: true });
  const npm = (process.env.npm_execpath ?? '').endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  must(await step('installing dependencies', npm[0], [...npm.slice(1), 'ci', '--include=dev', '--no-audit', '--no-fund']));
  writeFileSync(stamp, wanted);
}

/** The addon that opens TAP and TUN devices. Without it everything else works, and what needs it is skipped. */
async function addon() {
  if (process.platform !== 'linux') return;
  const host = join('hosts', 'tun-tap');
  const script = join(host, 'scripts', 'build.mjs');
  const built = join(host, 'build', 'tuntap.node');
  const stamp = `${built}.sha256`;
  const wanted = digest(
    ...readdirSync(join(host, 'native')).map((file) => textOf(join(host, 'native', file))),
    textOf(script),
    process.arch,
  );
  if (existsSync(built) && textOf(stamp) === wanted) return;
  rmSync(built, { force: true });
  const { ok, output } = existsSync(script)
    ? await step('compiling the TAP and TUN addon', process.execPath, [script])
    : { ok: false, output: `${script} is not there` };
  if (ok) writeFileSync(stamp, wanted);
  else say(`no TAP and TUN devices, and what is tested over them is skipped: ${output.split('\n').at(-1)}\n`);
}

/** Compiled files whose source is gone: the test runner would still find them. */
function removeStale() {
  for (const folder of folders) {
    if (!packages.includes(folder)) rmSync(join(folder, '.test'), { recursive: true, force: true });
    for (const [from, to] of [
      ['src', 'dist'],
      ['test', '.test'],
    ]) {
      const built = join(folder, to);
      if (!existsSync(built)) continue;
      for (const file of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
        const stem = /^(.*)\.(?:d\.ts|js)(?:\.map)?$/.exec(file)?.[1];
        if (stem === undefined || existsSync(join(folder, from, `${stem}.ts`))) continue;
        rmSync(join(built, file), { force: true });
        rmSync(join(built, '.tsbuildinfo'), { force: true });
      }
    }
  }
}

/** Incremental: takes a moment where nothing has changed. */
async function build() {
  const pretty = process.stderr.isTTY ? ['--pretty'] : [];
  must(await step('compiling', process.execPath, [compiler, '-b', ...pretty]));
}

try {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) throw new Error(`Node ${process.version} is too old: 20.19 or later is needed`);
  await install();
  await addon();
  removeStale();
  await build();
} catch (error) {
  say(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
