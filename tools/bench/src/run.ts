// One run of one contender: what the kernel's client counted.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { Contender, Measure } from './measures.js';
import { ip, PROGRAM, root, started, Topology } from './topology.js';

const PEER = join(root, 'build', 'peer');
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

/** A topology of a run: further addresses for the client's device, and the kernel on the other side of a veth. */
class BenchTopology extends Topology {
  constructor(pinned: boolean) {
    super('bench', pinned ? ['taskset', '-c', '0'] : []);
    // A client's port is free again as soon as the peer's timestamps allow, also to addresses beyond loopback.
    this.inside('near', 'sysctl', '-qw', 'net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=1024 65535');
  }

  /** Gives the client's device its further addresses. */
  addSources(device: string): void {
    for (const address of SOURCES) ip('-n', this.near, 'address', 'add', `${address}/24`, 'dev', device);
  }

  veth(): void {
    const { near, far } = this;
    ip('-n', near, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1', 'netns', far);
    ip('-n', near, 'address', 'add', `${KERNEL}/24`, 'dev', 'veth0');
    this.addSources('veth0');
    ip('-n', far, 'address', 'add', `${HOST}/24`, 'dev', 'veth1');
    ip('-n', near, 'link', 'set', 'veth0', 'up');
    ip('-n', far, 'link', 'set', 'veth1', 'up');
  }
}

/** Starts a contender; settles once it serves, with what it says from then on. */
async function serve(
  topology: BenchTopology,
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
  const topology = new BenchTopology(pinned);
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
