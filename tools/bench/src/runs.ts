// One run of one contender: namespaces, processes, and the octets that the kernel's client counted.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const BULK = join(root, 'build', 'bulk');
export const PROGRAM = join(root, 'bin', 'bench.js');
const KERNEL = '10.99.0.1';
const HOST = '10.99.0.2';
const PORT = 5001;

export type Contender = 'limit' | 'protoloom' | 'kernel';
/** As the host sees it. */
export type Direction = 'in' | 'out';

export interface Case {
  readonly contender: Contender;
  readonly direction: Direction;
  readonly offload: boolean;
}

/** Compiles the client where it is older than its source. @throws where there is no compiler. */
export function compileClient(): void {
  const source = join(root, 'native', 'bulk.c');
  if (existsSync(BULK) && statSync(BULK).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(dirname(BULK), { recursive: true });
  execFileSync(process.env['CC'] ?? 'cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', BULK, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 60_000,
  });
}

/** Runs ip(8). @throws with what it says. */
export const ip = (...args: readonly string[]): void =>
  void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });

/** A child that says a word when it is ready. */
export function started(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    child.once('exit', (code) => reject(new Error(complaint.trim() || `ended with ${code}`)));
    if (child.stdout === null) return reject(new Error('no output'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === word) resolve();
    });
  });
}

/** Gbit/s of one connection for `ms`. */
export async function measure({ contender, direction, offload }: Case, ms: number): Promise<number> {
  const names = [0, 1].map((i) => `protoloom-bench-${process.pid}-${i}`) as [string, string];
  const children: ChildProcess[] = [];
  const inside = (namespace: string, ...command: readonly string[]): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  const [own, other] = names;
  try {
    for (const name of names) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const serverMode = direction === 'in' ? 'receive' : 'send';
    let server: ChildProcess;
    if (contender === 'kernel') {
      ip('-n', own, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1', 'netns', other);
      ip('-n', own, 'address', 'add', `${KERNEL}/24`, 'dev', 'veth0');
      ip('-n', other, 'address', 'add', `${HOST}/24`, 'dev', 'veth1');
      ip('-n', own, 'link', 'set', 'veth0', 'up');
      ip('-n', other, 'link', 'set', 'veth1', 'up');
      server = inside(other, BULK, 'listen', HOST, String(PORT), serverMode, String(ms + 3000));
      await started(server, 'listening');
    } else {
      server = inside(own, process.execPath, PROGRAM, '--serve', contender, serverMode, offload ? 'offload' : 'plain');
      await started(server, 'ready');
    }
    const client = inside(own, BULK, 'connect', HOST, String(PORT), direction === 'in' ? 'send' : 'receive', String(ms));
    const output = await new Promise<string>((resolve, reject) => {
      let text = '';
      client.stdout?.on('data', (data: Buffer) => {
        text += data.toString();
      });
      let complaint = '';
      client.stderr?.on('data', (data: Buffer) => {
        complaint += data.toString();
      });
      const timer = setTimeout(() => client.kill('SIGKILL'), ms + 15_000);
      client.once('exit', (code) => {
        clearTimeout(timer);
        if (code === 0) resolve(text);
        else reject(new Error(complaint.trim() || `the client ended with ${code}`));
      });
    });
    const [octets = 0, us = 1] = output.trim().split(' ').map(Number);
    return (octets * 8) / us / 1000;
  } finally {
    for (const child of children) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    for (const name of names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was not made.
      }
    }
  }
}

export const TOPOLOGY = { kernel: `${KERNEL}/24`, host: `${HOST}/24`, port: PORT } as const;
