// Programs that are compiled on demand, into build/: the kernel's side of each measurement, and other stacks. One that cannot be had here is
// skipped, and says why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './topology.js';

export type PeerName = 'gvisor' | 'lwip' | 'smoltcp';

const BUILD = join(root, 'build');
/** native/peer.c: client and server on the kernel's sockets. */
export const PEER_PROGRAM = join(BUILD, 'peer');
const COMPILE_MS = 600_000;
const FETCH_MS = 120_000;

const folderOf = (name: PeerName): string => join(root, 'peers', name);
export const peerPath = (name: PeerName): string => join(BUILD, `${name}-peer`);

/** Runs a command. @throws its last line where it fails, or that it is not there. */
function command(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; ms?: number } = {},
): void {
  const { cwd = root, env = {}, ms = COMPILE_MS } = options;
  const { status, error, stderr, signal } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: ms,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') throw new Error(`there is no ${program}`);
  if (status === 0) return;
  const lines = stderr.trim().split('\n');
  throw new Error(`${program}: ${lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? signal}`);
}

/** The newest change of a file below. */
const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );

const isFresh = (program: string, source: string): boolean => existsSync(program) && statSync(program).mtimeMs > newest(source);
const compiler = (): string => process.env['CC'] ?? 'cc';

/** Compiles the kernel's side where it is older than its source. @throws where there is no compiler. */
export function compilePeer(): void {
  const folder = join(root, 'native');
  if (isFresh(PEER_PROGRAM, folder)) return;
  mkdirSync(BUILD, { recursive: true });
  command(compiler(), ['-O2', '-Wall', '-Wextra', '-Werror', '-o', PEER_PROGRAM, join(folder, 'peer.c')]);
}

/** Go's registry has netstack; go.sum pins it. */
const buildGvisor = (into: string): void =>
  command('go', ['build', '-trimpath', '-o', into, '.'], { cwd: folderOf('gvisor'), env: { GOFLAGS: '-mod=readonly -buildvcs=false' } });

/** Cargo.toml pins it; a lock file would name the registry. */
function buildSmoltcp(into: string): void {
  const target = join(BUILD, 'smoltcp');
  command('cargo', ['build', '--release', '--quiet', '--target-dir', target], { cwd: folderOf('smoltcp') });
  renameSync(join(target, 'release', 'smoltcp-peer'), into);
}

const LWIP_VERSION = '2.1.3+dfsg1-2';

/** Debian's source of lwIP, from wherever this machine has its packages from. @returns the folder. */
function lwipSource(): string {
  const folder = join(BUILD, 'lwip');
  const source = join(folder, `lwip-${LWIP_VERSION.replace(/-[^-]*$/, '')}`);
  if (existsSync(source)) return source;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'sources'));
  const entries = ['/etc/apt/sources.list', ...listed('/etc/apt/sources.list.d')].filter(
    (path) => /\.(list|sources)$/.test(path) && existsSync(path),
  );
  for (const [i, path] of entries.entries()) {
    // The same places, asked for sources.
    const text = readFileSync(path, 'utf8')
      .replace(/^Types:.*$/gm, 'Types: deb-src')
      .replace(/^deb /gm, 'deb-src ');
    writeFileSync(join(folder, 'sources', `${i}.${path.endsWith('.sources') ? 'sources' : 'list'}`), text);
  }
  const options = [
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', join(folder, 'sources')],
    ['Dir::State::lists', join(folder, 'lists')],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  command('apt-get', [...options, 'update', '-qq'], { ms: FETCH_MS });
  command('apt-get', [...options, 'source', '-qq', `lwip=${LWIP_VERSION}`], { cwd: folder, ms: FETCH_MS });
  return source;
}

const listed = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []);

function buildLwip(into: string): void {
  const source = lwipSource();
  const own = folderOf('lwip');
  const files = ['core', 'core/ipv4', 'core/ipv6'].flatMap((part) =>
    listed(join(source, 'src', part)).filter((path) => path.endsWith('.c')),
  );
  const include = [`-I${join(own, 'port')}`, `-I${join(source, 'src', 'include')}`];
  command(compiler(), ['-O2', '-w', ...include, '-o', into, join(own, 'main.c'), ...files, join(source, 'src/netif/ethernet.c')]);
}

const BUILDERS: Readonly<Record<PeerName, (into: string) => void>> = { gvisor: buildGvisor, lwip: buildLwip, smoltcp: buildSmoltcp };
const isPeer = (name: string): name is PeerName => name in BUILDERS;

/** Builds what is older than its source. @param building told before. @returns why a contender cannot take part; undefined where it can. */
export function unavailable(name: string, building: () => void): string | undefined {
  try {
    if (name === 'slirp4netns') command('slirp4netns', ['--version']);
    if (!isPeer(name)) return undefined;
    const program = peerPath(name);
    if (isFresh(program, folderOf(name))) return undefined;
    building();
    mkdirSync(BUILD, { recursive: true });
    BUILDERS[name](program);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
