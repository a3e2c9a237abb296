// A controller that is watched: it does what the one within does, and tells what became of its window.
import { attach, definePlugin, type Plugin } from '@protoloom/contracts';
import {
  type AckEvent,
  CONGESTION_CONTROL,
  type CongestionControl,
  type CongestionEvent,
  type Controller,
  type SenderControl,
  type SenderView,
} from '@protoloom/contracts/tcp';
import { VERSION } from './version.js';

/** What was seen of one connection since `reset`. */
export class Record {
  /** Episodes of congestion: a model's loss events. */
  episodes = 0;
  timeouts = 0;
  /** Of acknowledgements that brought something new, and the octets in them: the test's ACK ratio. */
  acks = 0;
  acked = 0;
  #rttUs = 0;
  #rtts = 0;
  /** cwnd in segments over time, µs: a point for each change that can be told apart in a plot. */
  readonly trace: [atUs: number, segments: number][] = [];
  readonly #traceUs: number;
  #tracedUs = 0;

  /** @param traceUs least time between two points of the trace. */
  constructor(traceUs = 10_000) {
    this.#traceUs = traceUs;
  }

  reset(): void {
    this.episodes = 0;
    this.timeouts = 0;
    this.acks = 0;
    this.acked = 0;
    this.#rttUs = 0;
    this.#rtts = 0;
  }

  /** Mean of the round trips, µs; 0: there was none. */
  get rttUs(): number {
    return this.#rtts === 0 ? 0 : this.#rttUs / this.#rtts;
  }

  acknowledged({ acked, rttUs }: AckEvent): void {
    if (acked > 0) {
      this.acks++;
      this.acked += acked;
    }
    if (rttUs < 0) return;
    this.#rttUs += rttUs;
    this.#rtts++;
  }

  congested({ why }: CongestionEvent): void {
    this.episodes++;
    if (why === 'rto') this.timeouts++;
  }

  point({ nowUs, mss }: SenderView, { cwnd }: SenderControl, always: boolean): void {
    if (!always && nowUs - this.#tracedUs < this.#traceUs) return;
    this.#tracedUs = nowUs;
    this.trace.push([nowUs, cwnd / mss]);
  }
}

/** A plugin with the controller under its own name; `records` gives each connection its record, in the order in which they open. */
export function observed(control: CongestionControl, records: () => Record): Plugin {
  const watching: CongestionControl = {
    ...control,
    create(view, out, state) {
      return watch(control.create(view, out, state), view, out, records());
    },
  };
  return definePlugin({
    name: `@protoloom/lab-${control.name}`,
    version: VERSION,
    api: '^1.0.0',
    attaches: { control: attach(CONGESTION_CONTROL, control.name, '^1.0') },
    create: () => ({ handlers: { control: watching } }),
  });
}

function watch(within: Controller, view: SenderView, out: SenderControl, record: Record): Controller {
  const { onAck, onCongestion } = within;
  within.onAck = (ack) => {
    onAck.call(within, ack);
    record.acknowledged(ack);
    record.point(view, out, false);
  };
  within.onCongestion = (event) => {
    record.point(view, out, true);
    onCongestion.call(within, event);
    record.congested(event);
    record.point(view, out, true);
  };
  return within;
}
