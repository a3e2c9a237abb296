// Connections at rest: where nothing has come or gone for a while there are no buffers, nor anything else of what a transfer takes.
import type { Timer } from '@protoloom/contracts';
import { ReceiveRing } from './buffers/receive-ring.js';
import { SendRing } from './buffers/send-ring.js';
import { silentUs, sinceUs } from './coarse-time.js';
import type { Tcp } from './context.js';
import { Recovery } from './recovery/recovery.js';
import { PENDING_NONE, type Tcb } from './tcb.js';

/** How long nothing comes or goes before a connection rests, µs; and how often one looks. */
const AWAKE_US = 1_000_000;

/** What connections at rest share. It is never written: who wants to has to `rouse` the connection before. */
export interface AtRest {
  readonly send: SendRing;
  readonly receive: ReceiveRing;
  readonly recovery: Recovery;
}

export class Rest {
  readonly shared: AtRest;
  readonly #tcp: Tcp;
  /** Connections that do not rest; each knows its place in `tcb.awake`. */
  readonly #awake: Tcb[] = [];
  readonly #timer: Timer;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
    this.shared = {
      send: new SendRing(tcp.ringMemory),
      receive: new ReceiveRing(tcp.ringMemory, tcp.loans),
      recovery: new Recovery(tcp.sentPool, tcp.ack, 0),
    };
    // A mistake shows at once, and not as another connection's.
    const { send, receive, recovery } = this.shared;
    for (const part of [send, receive, receive.pace, recovery, recovery.board, recovery.flight, recovery.limit]) Object.freeze(part);
    this.#timer = tcp.timers.timer<Rest>(this, (rest) => rest.#sweep());
  }

  /** It gets what a transfer takes. */
  wake(tcb: Tcb): void {
    const { clock, ringMemory, loans, sentPool, ack, sysctls } = this.#tcp;
    tcb.send = new SendRing(ringMemory);
    // What came before the end of an earlier connection may still be read.
    if (tcb.receive.length === 0) tcb.receive = new ReceiveRing(ringMemory, loans);
    tcb.receive.pace.readSinceUs = clock.nowUs;
    tcb.receive.pace.readSince = tcb.bytesRead;
    tcb.recovery = new Recovery(sentPool, ack, sysctls.reordering);
    tcb.recovery.highSeq = tcb.sndUna;
    tcb.recovery.rackEnd = tcb.sndUna;
    const { flight } = tcb.recovery;
    flight.roundEnd = tcb.view.delivered;
    flight.appLimitedUntil = tcb.view.delivered;
    flight.windowEnd = tcb.sndUna;
    if (!this.#timer.armed) this.#timer.arm(AWAKE_US);
    tcb.awake = this.#awake.push(tcb) - 1;
  }

  /** It has ended, or rests: nobody looks at it any more. */
  leave(tcb: Tcb): void {
    const { awake } = tcb;
    if (awake < 0) return;
    const last = this.#awake.pop() as Tcb;
    if (last !== tcb) {
      this.#awake[awake] = last;
      last.awake = awake;
    }
    tcb.awake = -1;
  }

  #sweep(): void {
    // From behind: what takes the place of one that leaves has been looked at.
    for (let i = this.#awake.length - 1; i >= 0; i--) {
      const tcb = this.#awake[i] as Tcb;
      if (isQuiet(tcb) && Math.min(silentUs(tcb), sinceUs(this.#tcp, tcb.lastSentMs)) >= AWAKE_US) this.#lull(tcb);
    }
    if (this.#awake.length > 0) this.#timer.arm(AWAKE_US);
  }

  #lull(tcb: Tcb): void {
    tcb.send.clear();
    tcb.receive.clear();
    if (!tcb.recovery.isForgettable(this.#tcp.sysctls.reordering)) return;
    const { send, receive, recovery } = this.shared;
    tcb.send = send;
    tcb.receive = receive;
    tcb.recovery = recovery;
    tcb.retransmitTimer?.cancel();
    tcb.ackTimer?.cancel();
    tcb.retransmitTimer = undefined;
    tcb.ackTimer = undefined;
    tcb.egressRequest = undefined;
    this.leave(tcb);
  }
}

/** Nothing is on its way, nor waits. */
const isQuiet = (tcb: Tcb): boolean =>
  tcb.send.length === 0 &&
  tcb.receive.length === 0 &&
  (tcb.reassembly === undefined || tcb.reassembly.isEmpty) &&
  tcb.recovery.board.size === 0 &&
  tcb.pending === PENDING_NONE &&
  !tcb.ackPending &&
  !tcb.ackNow;

/** Something is to be sent or taken, or to be remembered of either. */
export function rouse(tcb: Tcb): void {
  if (tcb.awake < 0) tcb.tcp.rest.wake(tcb);
}
