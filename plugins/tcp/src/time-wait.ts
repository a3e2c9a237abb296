// TIME-WAIT, RFC 9293 §3.3.2: what is left of a connection, in as little memory as it takes.
import { DESTINATION, SOURCE, type Timer } from '@protoloom/contracts';
import { TCP_TIME_WAIT } from '@protoloom/contracts/tcp';
import { copyWords, isLoopbackWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import { saveMetrics } from './metrics/path.js';
import { FLOW_TIME_WAIT, receiveWindow, type Tcb } from './tcb.js';

/** 2 MSL as Linux has it, TCP_TIMEWAIT_LEN. */
export const TIME_WAIT_US = 60_000_000;

export class TimeWait {
  readonly kind = FLOW_TIME_WAIT;
  readonly state = TCP_TIME_WAIT;
  readonly tcp: Tcp;
  readonly family: number;
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
  readonly iface: number;
  readonly txHash: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly mark: number;
  readonly socket = undefined;
  readonly sndNxt: number;
  readonly rcvNxt: number;
  /** As offered last, scaled as in the header. */
  readonly window: number;
  readonly rcvWnd: number;
  readonly timestampsOk: boolean;
  readonly tsOffset: number;
  tsRecent: number;
  tsRecentUs: number;
  lastOutOfWindowAckUs = -1;
  /** When it began, µs. */
  readonly enteredUs: number;
  /** When it ends, µs. */
  dueUs = 0;
  next: TimeWait | undefined = undefined;
  previous: TimeWait | undefined = undefined;

  constructor(tcb: Tcb) {
    this.tcp = tcb.tcp;
    this.enteredUs = tcb.tcp.clock.nowUs;
    this.family = tcb.family;
    copyWords(tcb.addresses, 0, this.addresses, 0);
    copyWords(tcb.addresses, DESTINATION, this.addresses, DESTINATION);
    this.iface = tcb.iface;
    this.txHash = tcb.txHash;
    this.localPort = tcb.localPort;
    this.remotePort = tcb.remotePort;
    this.mark = tcb.socket.mark;
    this.sndNxt = tcb.sndNxt;
    this.rcvNxt = tcb.rcvNxt;
    this.rcvWnd = receiveWindow(tcb);
    this.window = Math.min(this.rcvWnd >> tcb.rcvWndScale, 0xffff);
    this.timestampsOk = tcb.timestampsOk;
    this.tsOffset = tcb.tsOffset;
    this.tsRecent = tcb.tsRecent;
    this.tsRecentUs = tcb.tsRecentUs;
  }

  /**
   * RFC 6191 §2, as Linux: whether a new connection of ours may take the 4-tuple. Timestamps tell the two apart, where the clock that they
   * come from has gone on since.
   * @param bound the user has chosen the port himself.
   */
  givesWay(bound: boolean): boolean {
    const { sysctls, clock } = this.tcp;
    if (this.tsRecentUs < 0) return false;
    if (bound) return true;
    if (sysctls.twReuse === 0 || (sysctls.twReuse === 2 && !this.#isLocal)) return false;
    return clock.nowUs - this.enteredUs > sysctls.twReuseDelay * 1000;
  }

  get #isLocal(): boolean {
    return isLoopbackWords(this.addresses, SOURCE) || isLoopbackWords(this.addresses, DESTINATION);
  }
}

/** All of a stack's, in the order in which they end: since all wait equally long, one list and one timer. */
export class TimeWaits {
  readonly #tcp: Tcp;
  #timer: Timer | undefined = undefined;
  #first: TimeWait | undefined = undefined;
  #last: TimeWait | undefined = undefined;
  count = 0;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
  }

  /** The connection goes, its remains take its 4-tuple. Beyond tcp_max_tw_buckets nothing remains, as on Linux. */
  replace(tcb: Tcb): void {
    const tcp = this.#tcp;
    saveMetrics(tcb);
    const wasHashed = tcb.hashed;
    if (wasHashed) {
      tcb.hashed = false;
      tcp.demux.remove(tcb);
    }
    if (this.count >= tcp.sysctls.maxTwBuckets) {
      tcp.counters.timeWaitOverflow++;
      return;
    }
    const remains = new TimeWait(tcb);
    tcp.demux.add(remains);
    tcp.ports.hold(remains);
    this.#append(remains);
  }

  /** 2 MSL begin again: RFC 9293 §3.10.7.4, a FIN that is sent again. */
  restart(remains: TimeWait): void {
    this.#unlink(remains);
    this.#append(remains);
  }

  /** Ends it before its time: reuse by a new connection, or tcp_rfc1337 = 0 and a RST. */
  end(remains: TimeWait): void {
    this.#unlink(remains);
    this.#tcp.demux.remove(remains);
    this.#tcp.ports.release(remains);
  }

  /** Ends what is due. */
  expire(): void {
    const { nowUs } = this.#tcp.clock;
    while (this.#first !== undefined && this.#first.dueUs <= nowUs) {
      this.#tcp.counters.tw++;
      this.end(this.#first);
    }
    if (this.#first !== undefined) this.#timer?.armAt(this.#first.dueUs);
  }

  #append(remains: TimeWait): void {
    remains.dueUs = this.#tcp.clock.nowUs + TIME_WAIT_US;
    remains.previous = this.#last;
    if (this.#last === undefined) this.#first = remains;
    else this.#last.next = remains;
    this.#last = remains;
    this.count++;
    this.#timer ??= this.#tcp.timers.timer(this, expireAll);
    if (!this.#timer.armed) this.#timer.armAt(remains.dueUs);
  }

  #unlink(remains: TimeWait): void {
    if (remains.previous === undefined) this.#first = remains.next;
    else remains.previous.next = remains.next;
    if (remains.next === undefined) this.#last = remains.previous;
    else remains.next.previous = remains.previous;
    remains.next = undefined;
    remains.previous = undefined;
    this.count--;
  }
}

const expireAll = (all: TimeWaits): void => all.expire();
