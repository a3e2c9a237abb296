// A network namespace of the tests' own, with `protoloom up` in it; everything ends by its own id.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../tools/cli/bin/protoloom.js', import.meta.url));
const ADDON = fileURLToPath(new URL('../../../hosts/tun-tap/build/tuntap.node', import.meta.url));

export const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Why there can be no such tests here, or undefined. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return 'the kernel is not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  if (!existsSync(ADDON)) return 'the native addon is not compiled';
  if (!has('ip')) return 'there is no ip (iproute2)';
  if (spawnSync('unshare', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return 'network namespaces cannot be made';
  return undefined;
}

/** Skips a whole suite where there is no kernel to test against, or one of the commands that it needs, and says why in each title. */
export function skipWithoutKernel(context: Mocha.Context, ...commands: readonly string[]): void {
  const lacking = commands.find((command) => !has(command));
  const why = missing() ?? (lacking === undefined ? undefined : `there is no ${lacking}`);
  if (why === undefined) return;
  context.test?.parent?.eachTest((test) => {
    test.title += ` (skipped: ${why})`;
  });
  context.skip();
}

export interface Ready {
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string;
    readonly mtu: number;
    readonly addresses: readonly string[];
  }[];
  readonly services: readonly { readonly name: string; readonly port: number }[];
}

/** What `protoloom up --json` tells. */
export interface HostEvent {
  readonly event: string;
  readonly message?: string;
  readonly servers?: readonly string[];
  readonly domains?: readonly string[];
}

export class Namespace {
  readonly name = `protoloom-${process.pid}-${Math.floor(Math.random() * 1e6)}`;
  /** What the host has told on standard output. */
  readonly events: HostEvent[] = [];
  readonly #listeners: (() => void)[] = [];
  #isRemoved = false;
  #host: ChildProcess | undefined;

  constructor() {
    this.#ip('netns', 'add', this.name);
    this.#ip('-n', this.name, 'link', 'set', 'lo', 'up');
  }

  /** Starts `protoloom up --json` with these arguments; resolves once it serves. */
  up(...args: readonly string[]): Promise<Ready> {
    const host = spawn('ip', ['netns', 'exec', this.name, process.execPath, PROGRAM, 'up', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#host = host;
    let complaint = '';
    host.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    return new Promise((resolve, reject) => {
      host.once('exit', (code) => reject(new Error(`protoloom up ended with ${code}: ${complaint}`)));
      createInterface({ input: host.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as HostEvent;
        this.events.push(event);
        for (const listener of this.#listeners) listener();
        if (event.event === 'ready') resolve(event as unknown as Ready);
      });
    });
  }

  /** The first event that `which` picks, among those that were told and those to come. */
  event(which: (event: HostEvent) => boolean): Promise<HostEvent> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.find(which);
        if (found !== undefined) resolve(found);
      };
      this.#listeners.push(look);
      look();
    });
  }

  /** Waits until an address answers: both ends may have to check theirs first (RFC 4862 §5.4). @throws Error where it does not. */
  async reaches(address: string, seconds = 20): Promise<void> {
    await this.holds(`ping -c 1 -W 1 ${address}`, seconds);
  }

  /** Repeats a command until it succeeds; resolves with its output. @throws Error where it does not in time. */
  async holds(command: string, seconds = 20): Promise<string> {
    const { code, out, err } = await this.sh(`until o=$(${command}); do sleep 0.1; done; echo "$o"`, seconds);
    if (code !== 0) throw new Error(`${command}: not in ${seconds} s; ${`${out}${err}`.slice(-400)}`);
    return out;
  }

  /** Interrupts the host; resolves with its exit code. */
  down(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const host = this.#host;
    this.#host = undefined;
    if (host === undefined || host.exitCode !== null || host.signalCode !== null) return Promise.resolve(host?.exitCode ?? null);
    const ended = new Promise<number | null>((resolve) => host.once('exit', resolve));
    host.kill(signal);
    return ended;
  }

  /** Runs a shell line in the namespace, for at most so many seconds. */
  sh(line: string, seconds = 30): Promise<{ code: number; out: string; err: string }> {
    return new Promise((resolve) => {
      execFile(
        'ip',
        ['netns', 'exec', this.name, 'timeout', String(seconds), 'bash', '-c', line],
        { maxBuffer: 1 << 26 },
        (error, out, err) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err });
        },
      );
    });
  }

  /** Where it has been removed, nothing: a test that skips itself has made none since the one before. */
  async remove(): Promise<void> {
    await this.down('SIGKILL');
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#ip('netns', 'del', this.name);
  }

  #ip(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  }
}

/** The test needs programs of the machine's. */
export function needs(context: Mocha.Context, ...programs: readonly string[]): void {
  const absent = programs.filter((program) => !has(program));
  if (absent.length === 0) return;
  if (context.test !== undefined) context.test.title += ` (skipped: there is no ${absent.join(', no ')})`;
  context.skip();
}
