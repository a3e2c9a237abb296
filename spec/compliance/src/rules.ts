// What has to hold after every callback, whatever came before it.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import type { Step } from './sender.js';

/** How a rule sees one run: it answers what it saw where a step breaks it. */
export type Watch = (step: Step) => string | undefined;

export interface Rule {
  readonly id: string;
  /** The demand, with its clause. */
  readonly title: string;
  /** Only for controllers that move a window themselves. */
  readonly windowOnly: boolean;
  watch(bounds: Bounds): Watch;
}

export interface Bounds {
  /** Most segments by which a window of so many grows in a round trip of congestion avoidance. */
  readonly perRound: (segments: number) => number;
}

const always =
  (watch: Watch): Rule['watch'] =>
  () =>
    watch;
const grew = ({ before, after }: Step): number => after.cwnd - before.cwnd;
const windows = ({ before, after, mss }: Step): string => `cwnd ${before.cwnd} -> ${after.cwnd}, SMSS ${mss}`;
const isLoss = ({ event }: Step): boolean => event.kind === 'congestion' && (event.why === 'fast-loss' || event.why === 'rto');

export const RULES: readonly Rule[] = [
  {
    id: 'finite',
    title: 'writes numbers: cwnd and quantum finite, ssthresh and pacingRate not NaN, none below zero',
    windowOnly: false,
    watch: always(({ after: { cwnd, ssthresh, pacingRate, quantum } }) => {
      const good = Number.isFinite(cwnd) && cwnd >= 0 && ssthresh > 0 && pacingRate >= 0 && Number.isFinite(quantum) && quantum >= 0;
      return good ? undefined : `cwnd ${cwnd}, ssthresh ${ssthresh}, pacingRate ${pacingRate}, quantum ${quantum}`;
    }),
  },
  {
    id: 'window-floor',
    title: 'cwnd is one SMSS at least [RFC 5681 §3.1]',
    windowOnly: false,
    watch: always((step) => (step.after.cwnd < step.mss ? windows(step) : undefined)),
  },
  {
    id: 'ssthresh-floor',
    title: 'ssthresh is two SMSS at least after congestion [RFC 5681 §3.1 equation 4]',
    windowOnly: true,
    watch: always(({ event, after, mss }) =>
      event.kind === 'congestion' && after.ssthresh < 2 * mss ? `ssthresh ${after.ssthresh}, SMSS ${mss}` : undefined,
    ),
  },
  {
    id: 'reduction',
    title: 'a loss leaves a smaller window, unless it was two SMSS or less [RFC 5681 §3.1]',
    windowOnly: true,
    watch: always((step) =>
      isLoss(step) && step.after.cwnd >= step.before.cwnd && step.after.cwnd > 2 * step.mss ? windows(step) : undefined,
    ),
  },
  {
    id: 'loss-window',
    title: 'a timeout leaves one SMSS at most [RFC 5681 §3.1]',
    windowOnly: true,
    watch: always((step) =>
      step.event.kind === 'congestion' && step.event.why === 'rto' && step.after.cwnd > step.mss ? windows(step) : undefined,
    ),
  },
  {
    id: 'slow-start',
    title: 'slow start grows by what is acknowledged at most [RFC 5681 §3.1 equation 2, RFC 3465 §2.2]',
    windowOnly: true,
    watch: always((step) => {
      const { event, before, acked } = step;
      if (event.kind !== 'ack' || before.cwnd >= before.ssthresh || grew(step) <= acked) return undefined;
      return `${windows(step)}, acknowledged ${acked}`;
    }),
  },
  { id: 'avoidance', title: 'congestion avoidance grows within its bound in a round trip', windowOnly: true, watch: avoidance },
  {
    id: 'unused-window',
    title: 'a window that is not used does not grow [RFC 7661 §4, RFC 9438 §5.8]',
    windowOnly: true,
    watch: always((step) => (step.event.kind === 'ack' && !step.limited && grew(step) > 0 ? windows(step) : undefined)),
  },
  {
    id: 'recovery',
    title: 'acknowledgements in recovery and CWR do not open the window: that is TCP’s [RFC 9937, RFC 3168 §6.1.2]',
    windowOnly: true,
    watch: always((step) =>
      step.event.kind === 'ack' && (step.phase === 'recovery' || step.phase === 'cwr') && grew(step) > 0
        ? `${step.phase}: ${windows(step)}`
        : undefined,
    ),
  },
  {
    id: 'undo',
    title: 'a reduction that is undone is undone whole [RFC 4015 §3.2, RFC 9438 §4.9]',
    windowOnly: true,
    watch: always(({ event, after, prior }) =>
      event.kind === 'undo' && (after.cwnd < prior.cwnd || after.ssthresh < prior.ssthresh)
        ? `cwnd ${after.cwnd}, ssthresh ${after.ssthresh}; before the reduction ${prior.cwnd}, ${prior.ssthresh}`
        : undefined,
    ),
  },
  {
    id: 'restart',
    title: 'idle time opens no window [RFC 5681 §4.1]',
    windowOnly: true,
    watch: always((step) => (step.event.kind === 'restart' && grew(step) > 0 ? windows(step) : undefined)),
  },
  {
    id: 'path',
    title: 'another path or segment size opens no window [RFC 5681 §3.1]',
    windowOnly: true,
    watch: always((step) => (step.event.kind === 'path' && grew(step) > 0 ? windows(step) : undefined)),
  },
  {
    id: 'handover',
    title: 'a controller that takes over from another’s snapshot opens no window',
    windowOnly: true,
    watch: always((step) => (step.event.kind === 'handover' && grew(step) > 0 ? windows(step) : undefined)),
  },
];

/**
 * From acknowledgement to acknowledgement: each allows its part of a round's growth, however much it is about. What is not used may be kept up to a round's, since
 * windows may move by whole segments.
 */
function avoidance({ perRound }: Bounds): Watch {
  let allowed = 0;
  return (step) => {
    const { event, before, mss, acked } = step;
    const avoiding = event.kind === 'ack' && before.cwnd >= before.ssthresh;
    if (!avoiding) {
      allowed = mss;
      return undefined;
    }
    const round = perRound(before.cwnd / mss) * mss;
    allowed = Math.min(allowed, mss + round) + round * Math.min(1, acked / before.cwnd);
    const growth = grew(step);
    if (growth > allowed + 1) return `${windows(step)}, acknowledged ${acked}: ${Math.floor(allowed)} more at most`;
    allowed -= Math.max(0, growth);
    return undefined;
  };
}

export const applies = (rule: Rule, control: CongestionControl): boolean => !rule.windowOnly || control.drive === 'window';
