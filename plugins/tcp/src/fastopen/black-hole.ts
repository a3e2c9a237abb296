// Paths that swallow SYNs with text, or what follows them (RFC 7413 §7.2): Fast Open is left alone for a while, on the whole host, as on Linux.
import { IFF_LOOPBACK } from '@protoloom/contracts';
import type { Tcp } from '../context.js';
import type { Tcb } from '../tcb.js';

/** The time doubles so often. */
const MOST_DOUBLINGS = 6;
/** Timeouts in a row that tell of it. */
const TELLING_TIMEOUTS = 2;

export class BlackHole {
  /** Times found so far; none once a connection has carried text since. */
  times = 0;
  #sinceUs = 0;

  found({ clock, counters, sysctls }: Tcp): void {
    if (sysctls.fastopenBlackholeTimeout === 0) return;
    this.#sinceUs = clock.nowUs;
    this.times++;
    counters.fastOpenBlackhole++;
  }

  /** Fast Open is left alone now. */
  isFeared({ clock, sysctls }: Tcp): boolean {
    const seconds = sysctls.fastopenBlackholeTimeout;
    if (seconds === 0 || this.times === 0) return false;
    return clock.nowUs < this.#sinceUs + seconds * 1_000_000 * 2 ** Math.min(this.times - 1, MOST_DOUBLINGS);
  }
}

/** The retransmission timer of a connection has expired. @param expired it is given up. */
export function timedOut(tcb: Tcb, expired: boolean): void {
  const { fastOpen, retransmits, tcp } = tcb;
  if (fastOpen === undefined || fastOpen.isChild || !(fastOpen.asked || fastOpen.sentText)) return;
  if (retransmits === TELLING_TIMEOUTS || (retransmits < TELLING_TIMEOUTS && expired)) tcp.blackHole.found(tcp);
}

/** A connection is over. Nothing but a FIN came, and that out of order: the text was swallowed. Text came, at a new try: all is well. */
export function judge(tcb: Tcb): void {
  const { fastOpen, reassembly, tcp } = tcb;
  if (!fastOpen?.asked) return;
  if (tcb.dataSegmentsIn === 0) {
    if (reassembly?.isLoneFin) tcp.blackHole.found(tcp);
  } else if (fastOpen.retries && ((tcb.route?.iface.flags ?? 0) & IFF_LOOPBACK) === 0) tcp.blackHole.times = 0;
}
