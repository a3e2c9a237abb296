// Two network namespaces, and the processes in them; all of it goes again, also where the bench is interrupted.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** This package's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const PROGRAM = join(root, 'bin', 'bench.js');

/** Runs ip(8). @throws with what it says. */
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

export class Topology {
  static readonly #all = new Set<Topology>();
  static #made = 0;
  /** Everything is being removed: no more are made. */
  static #isOver = false;
  /** Names of the namespaces. */
  readonly near: string;
  readonly far: string;
  readonly #prefix: readonly string[];
  readonly #children: ChildProcess[] = [];

  /** @param prefix in front of every command. @throws where the bench was interrupted, and what ip(8) says. */
  constructor(name: string, prefix: readonly string[] = []) {
    if (Topology.#isOver) throw new Error('interrupted');
    const number = Topology.#made++;
    [this.near, this.far] = [0, 1].map((i) => `protoloom-${name}-${process.pid}-${number}-${i}`) as [string, string];
    this.#prefix = prefix;
    Topology.#all.add(this);
    for (const namespace of [this.near, this.far]) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
  }

  inside(where: 'near' | 'far', ...command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this[where], ...this.#prefix, ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    for (const namespace of [this.near, this.far]) {
      try {
        ip('netns', 'del', namespace);
      } catch {
        // It was not made.
      }
    }
    Topology.#all.delete(this);
  }

  /** On SIGINT and SIGTERM everything is removed, and the process ends. @param first what is done before. */
  static removeOnSignals(first: () => void = () => undefined): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        first();
        Topology.#isOver = true;
        void Promise.all([...Topology.#all].map((topology) => topology.remove())).then(() => process.exit(130));
      });
    }
  }
}
