// One run of one contender: namespaces, processes, and what the kernel's client counted.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Contender, Measure } from './measures.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PEER = join(root, 'build', 'peer');
export const PROGRAM = join(root, 'bin', 'bench.js');
/** The command beside this package: what users start. */
const COMMAND = join(dirname(root), 'cli', 'bin', 'protoloom.js');
export const KERNEL = '10.99.0.1';
export const HOST = '10.99.0.2';
export const PORT = 5001;
/** The addresses that the client's connections come from (native/peer.c): each has its own ports. */
const SOURCES = Array.from({ length: 8 }, (_, i) => `10.99.0.${101 + i}`);
/** Longer than any client takes beyond its time. */
const PATIENCE_MS = 30_000;
/** Before what is counted. */
const WARM_MS = 2000;
/** Until what was in flight is gone: its resets fill the device's queue, and a SYN that finds it full waits a second. */
const SETTLE_MS = 200;

/** Compiles the kernel's side where it is older than its source. @throws where there is no compiler. */
export function compilePeer(): void {
  const source = join(root, 'native', 'peer.c');
  if (existsSync(PEER) && statSync(PEER).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(dirname(PEER), { recursive: true });
  execFileSync(process.env['CC'] ?? 'cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', PEER, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 60_000,
  });
}

export const ip = (...args: readonly string[]): void =>
  void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });

/** Settles once a child says a word. @throws what it complained of, where it ends before. */
export function started(child: ChildProcess, word: string): Promise<Interface> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    child.once('exit', (code) => reject(new Error(complaint.trim() || `ended with ${code}`)));
    if (child.stdout === null) return reject(new Error('no output'));
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (line.startsWith(word)) resolve(lines);
    });
  });
}

/** All that a child prints. @throws what it complained of. */
function finished(child: ChildProcess, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let complaint = '';
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), ms + PATIENCE_MS);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(text);
      else reject(new Error(complaint.trim() || `the client ended with ${code ?? signal}`));
    });
  });
}

/** Two namespaces, and what runs in them; all of it goes again. */
class Topology {
  /** Those that are there now: what interrupts the bench removes them. */
  static readonly all = new Set<Topology>();
  readonly #names = [0, 1].map((i) => `protoloom-bench-${process.pid}-${i}`) as [string, string];
  readonly #children: ChildProcess[] = [];
  readonly #pinned: boolean;

  constructor(pinned: boolean) {
    this.#pinned = pinned;
    Topology.all.add(this);
    for (const name of this.#names) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    // A client's port is free again as soon as the peer's timestamps allow, also to addresses beyond loopback.
    this.inside('near', 'sysctl', '-qw', 'net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=1024 65535');
  }

  /** @param where the namespace with the client, or the one on the other side of a veth. */
  inside(where: 'near' | 'far', ...command: readonly string[]): ChildProcess {
    const pin = this.#pinned ? ['taskset', '-c', '0'] : [];
    const child = spawn('ip', ['netns', 'exec', this.#names[where === 'near' ? 0 : 1], ...pin, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }

  /** Gives the client's device its further addresses. */
  addSources(device: string): void {
    for (const address of SOURCES) ip('-n', this.#names[0], 'address', 'add', `${address}/24`, 'dev', device);
  }

  veth(): void {
    const [near, far] = this.#names;
    ip('-n', near, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1', 'netns', far);
    ip('-n', near, 'address', 'add', `${KERNEL}/24`, 'dev', 'veth0');
    this.addSources('veth0');
    ip('-n', far, 'address', 'add', `${HOST}/24`, 'dev', 'veth1');
    ip('-n', near, 'link', 'set', 'veth0', 'up');
    ip('-n', far, 'link', 'set', 'veth1', 'up');
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    for (const name of this.#names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was not made.
      }
    }
    Topology.all.delete(this);
  }
}

/** Ends every process and removes every namespace of a run. */
export async function abandon(): Promise<void> {
  for (const topology of Topology.all) await topology.remove();
}

/** Starts a contender; settles once it serves, with what it says from then on. */
async function serve(
  topology: Topology,
  contender: Contender,
  { mode, offload }: Measure,
): Promise<{ child: ChildProcess; lines: Interface }> {
  const own = (...args: readonly string[]) => [process.execPath, '--expose-gc', PROGRAM, '--serve', ...args];
  let child: ChildProcess;
  let word = 'ready';
  switch (contender) {
    case 'kernel':
      topology.veth();
      child = topology.inside('far', PEER, 'serve', mode, HOST, String(PORT));
      break;
    case 'node-net':
    case 'node-http':
      topology.veth();
      child = topology.inside('far', ...own(contender, mode));
      break;
    default:
      if (contender === 'protoloom' && mode === 'http') {
        const options = ['--tap', 'bench0', '--address', `${HOST}/24`, '--kernel-address', `${KERNEL}/24`, '--service', `http:${PORT}`];
        child = topology.inside('near', process.execPath, COMMAND, 'up', ...options);
        word = 'protoloom serves';
      } else child = topology.inside('near', ...own(contender, mode, offload ? 'offload' : 'plain'));
  }
  const lines = await started(child, word);
  if (contender === 'limit' || contender === 'protoloom') topology.addSources('bench0');
  return { child, lines };
}

/** One figure, in the measure's unit. @throws what a process complained of. */
export async function run(measure: Measure, contender: Contender, ms: number): Promise<number> {
  const { mode, count, pinned, value } = measure;
  const topology = new Topology(pinned);
  try {
    const server = await serve(topology, contender, measure);
    if (mode === 'http') {
      const wrk = (seconds: number): Promise<string> =>
        finished(topology.inside('near', 'wrk', '-t1', `-c${count}`, `-d${seconds}s`, `http://${HOST}:${PORT}/`), ms);
      await wrk(1);
      const text = await wrk(Math.ceil(ms / 1000));
      const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
      if (rate === undefined || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk: ${text.trim()}`);
      return Number(rate);
    }
    const drive = (forMs: number): ChildProcess =>
      topology.inside('near', PEER, 'drive', mode, HOST, String(PORT), String(forMs), String(count));
    if (mode !== 'idle') {
      // Not counted: compilers that compile while a program runs, caches, windows.
      await finished(drive(WARM_MS), WARM_MS);
      await setTimeout(SETTLE_MS);
      const [counted = 0, us = 1] = (await finished(drive(ms), ms)).trim().split(' ').map(Number);
      return value(counted, us);
    }
    // Before any connection nothing of the peer's has run: what it takes besides connections is not counted.
    const before = await ask(server);
    await started(drive(0), String(count));
    return value((await ask(server)) - before, count);
  } finally {
    await topology.remove();
  }
}

/** Octets that a host takes. */
async function ask({ child, lines }: { child: ChildProcess; lines: Interface }): Promise<number> {
  const answer = once(lines, 'line') as Promise<[string]>;
  child.stdin?.write('\n');
  return Number((await answer)[0]);
}
