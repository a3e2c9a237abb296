// A contender that serves, and is asked again and again: what the kernel's client counts, and what the contender's process takes meanwhile.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { BenchTopology, DEVICE, PORT } from './bench-topology.js';
import { type ContenderName, startOf, targetOf } from './contenders/contender.js';
import type { Measure, Sample } from './measures.js';
import { PEER_PROGRAM } from './peers.js';
import { started } from './topology.js';

/** Longer than any client takes beyond its time. */
const PATIENCE_MS = 30_000;
/** Until what was in flight is gone: its resets fill the device's queue, and a SYN that finds it full waits a second. */
const SETTLE_MS = 200;

/** All that a child prints. @throws what it complained of. */
export function finished(child: ChildProcess, ms: number): Promise<string> {
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

/** User and system time of a process with all its threads, µs. */
export function cpuUs({ pid }: ChildProcess): number {
  let ns = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  } catch {
    // It has ended, or a thread of it has: the run says so elsewhere.
  }
  return ns / 1000;
}

/** Resident memory of a process, octets. */
export function residentBytes({ pid }: ChildProcess): number {
  const [, kilobytes = 'NaN'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** A contender that serves, and the client's commands. */
export interface Bench {
  readonly child: ChildProcess;
  /** What it says. */
  readonly lines: Interface;
  /** A client of native/peer.c. @param port how far from the first. */
  client(mode: string, ms: number, count: number, port?: number): ChildProcess;
  /** The load generator of HTTP, in whole seconds. */
  wrk(seconds: number, count: number): ChildProcess;
}

/** Starts a contender in a topology. @throws what it complained of. */
export async function serve(topology: BenchTopology, contender: ContenderName, measure: Measure): Promise<Bench> {
  const { where, command, word } = startOf(contender, measure, topology);
  let child = topology.inside(where, ...command);
  const lines = await started(child, word);
  if (contender === 'slirp4netns') {
    child = topology.slirp();
    // One octet says that it is ready.
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended(child)]);
  } else topology.addSources(DEVICE);
  const target = targetOf(contender, measure.family);
  return {
    child,
    lines,
    client: (mode, ms, count, port = 0) =>
      topology.inside('near', PEER_PROGRAM, 'drive', mode, target, String(PORT + port), String(ms), String(count)),
    wrk: (seconds, count) => topology.inside('near', 'wrk', '-t1', `-c${count}`, `-d${seconds}s`, `http://${target}:${PORT}/`),
  };
}

async function ended(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`it ended with ${code}`);
}

/** A contender in a topology of its own, for as many samples as are wanted: its compiler, caches and windows are warmed up once. */
export class Session {
  readonly #measure: Measure;
  readonly #topology: BenchTopology;
  readonly #bench: Bench;

  private constructor(measure: Measure, topology: BenchTopology, bench: Bench) {
    this.#measure = measure;
    this.#topology = topology;
    this.#bench = bench;
  }

  /** @throws what a process complained of. */
  static async open(measure: Measure, contender: ContenderName): Promise<Session> {
    const topology = new BenchTopology(measure.pinned);
    try {
      const bench = await serve(topology, contender, measure);
      if (measure.mode !== 'idle' && measure.idle > 0) await started(bench.client('idle', 0, measure.idle), String(measure.idle));
      return new Session(measure, topology, bench);
    } catch (error) {
      await topology.remove();
      throw error;
    }
  }

  /**
   * Not counted: samples as those that follow, one after another. What has seen one client alone is compiled for that one, and anew for the next.
   * @throws as `open`.
   */
  async warm(ms: number, sampleMs: number): Promise<void> {
    const { mode } = this.#measure;
    if (mode === 'idle') return;
    if (mode === 'rest') return setTimeout(REPOSE_MS);
    for (let left = ms; left > 0; left -= sampleMs) await this.sample(Math.min(left, sampleMs));
  }

  /** Of connections that stay open and idle there is one sample in a session. @throws as `open`. */
  async sample(ms: number): Promise<Sample> {
    const { mode, count } = this.#measure;
    switch (mode) {
      case 'rest':
        return rest(this.#bench, ms);
      case 'idle':
        return idle(this.#bench, count);
      case 'http':
        return requests(this.#bench, count, ms);
      default:
        return driven(this.#bench, this.#measure, ms);
    }
  }

  close(): Promise<void> {
    return this.#topology.remove();
  }
}

/** Counted, and left alone for a moment. @param port how far from the first. */
export async function driven(
  { child, client }: Bench,
  { mode, count }: Pick<Measure, 'mode' | 'count'>,
  ms: number,
  port = 0,
): Promise<Sample> {
  const before = cpuUs(child);
  const [counted = 0, us = 1] = (await finished(client(mode, ms, count, port), ms)).trim().split(' ').map(Number);
  const sample = { counted, us, cpuUs: cpuUs(child) - before };
  await setTimeout(SETTLE_MS);
  return sample;
}

async function requests({ child, wrk }: Bench, count: number, ms: number): Promise<Sample> {
  const seconds = Math.ceil(ms / 1000);
  const before = cpuUs(child);
  const text = await finished(wrk(seconds, count), ms);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  if (!(perSecond > 0) || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk: ${text.trim().split('\n').at(-1)}`);
  return { counted: perSecond, us: 1e6, cpuUs: (cpuUs(child) - before) / seconds };
}

/** Nobody asks for anything. */
async function rest({ child }: Bench, ms: number): Promise<Sample> {
  const before = cpuUs(child);
  await setTimeout(ms);
  return { counted: 1, us: ms * 1000, cpuUs: cpuUs(child) - before };
}

/**
 * Until nothing is left of starting: router solicitations of both ends, which come less and less often (RFC 7559 §2), and what V8 collects once it
 * has been idle for some eight seconds.
 */
const REPOSE_MS = 20_000;

/** Until connections that nobody uses have given back what those need that somebody does. */
const REST_MS = 3000;

/** Before any connection nothing of the peer's has run: what it takes besides connections is not counted. */
async function idle(bench: Bench, count: number): Promise<Sample> {
  const heap = [await askHeap(bench)];
  const resident = [residentBytes(bench.child)];
  await started(bench.client('idle', 0, count), String(count));
  await setTimeout(REST_MS);
  heap.push(await askHeap(bench));
  resident.push(residentBytes(bench.child));
  const [heapBefore = 0, heapAfter = 0] = heap;
  const [residentBefore = 0, residentAfter = 0] = resident;
  return { counted: count, us: 1, cpuUs: 0, heapBytes: heapAfter - heapBefore, residentBytes: residentAfter - residentBefore };
}

/** How long a program has to answer that can. */
const ANSWER_MS = 2000;

/** Octets that a host's heap and buffers take after a collection; NaN of one that cannot say. */
async function askHeap({ child, lines }: Bench): Promise<number> {
  const answer = once(lines, 'line') as Promise<[string]>;
  child.stdin?.write('\n');
  const [text] = await Promise.race([answer, setTimeout(ANSWER_MS, ['NaN'])]);
  return Number(text);
}
