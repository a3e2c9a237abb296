// Running the rules: any events in any order, found and shrunk by fast-check.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import fc from 'fast-check';
import { allocation } from './allocation.js';
import { anyEvents, describeEvent, type Event } from './events.js';
import { applies, type Bounds, RULES, type Watch } from './rules.js';
import { Sender, type Step } from './sender.js';

export interface Settings extends Partial<Bounds> {
  /** Of the random runs, and how many there are of each clause. The same seed gives the same runs. */
  readonly seed?: number;
  readonly runs?: number;
  /**
   * Octets of heap in use, e.g. `() => process.memoryUsage().heapUsed`: with it allocation is measured as well: in a process where little else has
   * run, since what others have stored in objects of the same shape shows too.
   */
  readonly heapUsed?: () => number;
}

/** One demand on a controller. */
export interface Clause {
  readonly id: string;
  readonly title: string;
  /** What was seen where it does not hold; undefined where it does. */
  run(): string | undefined;
}

/** RFC 9438 §4.2 allows the most of the standards: half of the window. */
const halfOfWindow = (segments: number): number => Math.max(1, segments / 2);

/** Everything that applies to this controller. */
export function clausesOf(control: CongestionControl, settings: Settings = {}): Clause[] {
  const { seed = 1, runs = 300, perRound = halfOfWindow, heapUsed } = settings;
  const search = (broken: (events: Event[]) => string | undefined): string | undefined => counterexample(broken, seed, runs);
  const clauses: Clause[] = RULES.filter((rule) => applies(rule, control)).map((rule) => ({
    id: rule.id,
    title: rule.title,
    run: () => search((events) => seen(control, events, rule.watch({ perRound }))),
  }));
  clauses.push(
    {
      id: 'any-order',
      title: 'survives every order of events: acknowledgements, congestion, undo, restart, path, takeover',
      run: () => search((events) => thrown(() => play(control, events, () => undefined))),
    },
    {
      id: 'foreign-state',
      title: 'survives the snapshot of another controller, whatever it holds',
      run: () => foreign(control, seed, runs),
    },
    {
      id: 'deterministic',
      title: 'the same events give the same outputs and the same figures',
      run: () => search((events) => difference(control, events)),
    },
  );
  if (heapUsed !== undefined)
    clauses.push({ id: 'allocation', title: 'allocates nothing per acknowledgement', run: () => allocation(control, heapUsed) });
  return clauses;
}

function play(control: CongestionControl, events: readonly Event[], each: (step: Step) => void, state?: unknown): Sender {
  const sender = new Sender(control, undefined, state);
  for (const event of events) sender.happen(event, each);
  return sender;
}

/** What the first step that breaks a rule showed. A controller that throws breaks another clause than this. */
function seen(control: CongestionControl, events: readonly Event[], watch: Watch): string | undefined {
  let broken: string | undefined;
  thrown(() =>
    play(control, events, (step) => {
      broken ??= watch(step);
    }),
  );
  return broken;
}

function thrown(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

/** Two connections side by side: neither may hear of the other, or of chance. */
function difference(control: CongestionControl, events: readonly Event[]): string | undefined {
  const figures = ({ out, controller }: Sender): string =>
    `cwnd ${out.cwnd}, ssthresh ${out.ssthresh}, pacingRate ${out.pacingRate}, quantum ${out.quantum}, info ${JSON.stringify(controller.info?.())}`;
  let different: string | undefined;
  thrown(() => {
    const one = new Sender(control);
    const other = new Sender(control);
    for (const event of events) {
      one.happen(event, () => undefined);
      other.happen(event, () => undefined);
      if (figures(one) !== figures(other)) different ??= `${figures(one)}; the other time ${figures(other)}`;
    }
  });
  return different;
}

function foreign(control: CongestionControl, seed: number, runs: number): string | undefined {
  let last: string | undefined;
  const details = fc.check(
    fc.property(fc.anything(), anyEvents, (state, events) => {
      last = thrown(() => {
        play(control, events, () => undefined, state);
      });
      return last === undefined;
    }),
    { seed, numRuns: runs },
  );
  if (!details.failed || details.counterexample === null) return undefined;
  return `${last}, given ${fc.stringify(details.counterexample[0])} (seed ${details.seed})`;
}

/** Searches for events with which something is broken, and makes them few. */
function counterexample(broken: (events: Event[]) => string | undefined, seed: number, runs: number): string | undefined {
  const details = fc.check(
    fc.property(anyEvents, (events) => broken(events) === undefined),
    { seed, numRuns: runs },
  );
  if (!details.failed || details.counterexample === null) return undefined;
  const [events] = details.counterexample;
  return `${broken(events)}; after ${events.map(describeEvent).join(', ')} (seed ${details.seed}, path ${details.counterexamplePath})`;
}
