// A profile of this process, taken by itself: where time goes, and what allocates, by package.
import { Session } from 'node:inspector/promises';

/** By package: µs of its own code, or octets that its own code allocated. */
export type ByPackage = Readonly<Record<string, number>>;

/** µs between two samples of the processor. */
const CPU_INTERVAL_US = 200;
/** Octets between two samples of the heap, in the mean. */
const HEAP_INTERVAL_BYTES = 8192;

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}
interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** Nobody's in particular: libuv, and the engine itself. */
const EVENT_LOOP = 'event loop';
/** Where nobody's code runs: the loop waits. */
export const IDLE = 'waiting';

/** Who calls the addon, whose functions have no file. */
const CALLS_ADDON = 'hosts/tun-tap';
const ADDON = 'addon and kernel';

/** Whose code it is. What is built into the language, as copying octets, is of whoever calls it; the addon's functions are those with the system call that they make. */
export function ownerOf({ functionName, url }: CallFrame, caller: string): string {
  const own = /\/((?:core|plugins|hosts|tools)\/[^/]+)\//.exec(url)?.[1];
  if (own !== undefined) return own;
  if (url !== '') return 'Node';
  switch (functionName) {
    case '(idle)':
      return IDLE;
    case '(garbage collector)':
      return 'garbage collection';
    case '(program)':
    case '(root)':
      return EVENT_LOOP;
    default:
      return caller === CALLS_ADDON ? ADDON : caller;
  }
}

const sorted = (totals: ReadonlyMap<string, number>): ByPackage => Object.fromEntries([...totals].sort(([, a], [, b]) => b - a));

const add = (totals: Map<string, number>, name: string, value: number): void => {
  totals.set(name, (totals.get(name) ?? 0) + value);
};

export class Sampler {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  async startTime(): Promise<void> {
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
    await this.#session.post('Profiler.start');
  }

  async stopTime(): Promise<ByPackage> {
    const { profile } = await this.#session.post('Profiler.stop');
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const owners = new Map<number, string>();
    const visit = (id: number, caller: string): void => {
      const node = nodes.get(id);
      if (node === undefined) return;
      const owner = ownerOf(node.callFrame, caller);
      owners.set(id, owner);
      for (const child of node.children ?? []) visit(child, owner);
    };
    visit(profile.nodes[0]?.id ?? 0, EVENT_LOOP);
    const totals = new Map<string, number>();
    const { samples = [], timeDeltas = [] } = profile;
    // A delta is the time since the sample before.
    for (const [i, id] of samples.entries()) add(totals, owners.get(id) ?? EVENT_LOOP, timeDeltas[i + 1] ?? 0);
    return sorted(totals);
  }

  async startAllocation(): Promise<void> {
    await this.#session.post('HeapProfiler.startSampling', {
      samplingInterval: HEAP_INTERVAL_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }

  async stopAllocation(): Promise<ByPackage> {
    const { profile } = await this.#session.post('HeapProfiler.stopSampling');
    const totals = new Map<string, number>();
    const visit = ({ callFrame, selfSize, children }: HeapNode, caller: string): void => {
      const owner = ownerOf(callFrame, caller);
      add(totals, owner, selfSize);
      for (const child of children) visit(child, owner);
    };
    visit(profile.head, EVENT_LOOP);
    return sorted(totals);
  }
}
