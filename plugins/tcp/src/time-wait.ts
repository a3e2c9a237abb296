// TIME-WAIT, RFC 9293 §3.3.2: what is left of a connection, in as little memory as it takes: a record in a block of many, of which the
// garbage collector sees nothing, however many there are.
import { DESTINATION, SOURCE, type Timer } from '@protoloom/contracts';
import { TCP_TIME_WAIT } from '@protoloom/contracts/tcp';
import { copyWords, equalWords, isFlow, isLoopbackWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import { saveMetrics } from './metrics/path.js';
import { FLOW_TIME_WAIT, receiveWindow, type Tcb } from './tcb.js';

/** 2 MSL as Linux has it, TCP_TIMEWAIT_LEN. */
export const TIME_WAIT_US = 60_000_000;

/** Records of a block, as a power of two. */
const BITS = 10;
const RECORDS = 1 << BITS;
/** Where there is no record. */
const NONE = -1;

// A record's words: addresses, ours at SOURCE and the peer's at DESTINATION; then
const PORTS = 8;
const FAMILY = 9;
const INTERFACE = 10;
const TX_HASH = 11;
const MARK = 12;
const SND_NXT = 13;
const RCV_NXT = 14;
const WINDOW = 15;
const TIMESTAMPS_OK = 16;
const TS_OFFSET = 17;
const TS_RECENT = 18;
const HASH = 19;
const NEXT = 20;
const PREVIOUS = 21;
const WORDS = 22;
// And its times, µs.
const TS_RECENT_US = 0;
const ANSWERED_US = 1;
const ENTERED_US = 2;
const DUE_US = 3;
const TIMES = 4;

class Block {
  readonly words = new Int32Array(WORDS * RECORDS);
  readonly times = new Float64Array(TIMES * RECORDS);
}
const NO_BLOCK: Pick<Block, 'words' | 'times'> = { words: new Int32Array(0), times: new Float64Array(0) };

/** One of them as it is looked at: until the next is. */
export class TimeWait {
  readonly kind = FLOW_TIME_WAIT;
  readonly state = TCP_TIME_WAIT;
  readonly socket = undefined;
  readonly tcp: Tcp;
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
  /** Which record. */
  place = NONE;
  #words = NO_BLOCK.words;
  #times = NO_BLOCK.times;
  #at = 0;
  #timesAt = 0;

  constructor(tcp: Tcp) {
    this.tcp = tcp;
  }

  /** Another record is looked at. */
  show(place: number, { words, times }: Block): this {
    this.place = place;
    this.#words = words;
    this.#times = times;
    this.#at = WORDS * (place & (RECORDS - 1));
    this.#timesAt = TIMES * (place & (RECORDS - 1));
    copyWords(words, this.#at + SOURCE, this.addresses, SOURCE);
    copyWords(words, this.#at + DESTINATION, this.addresses, DESTINATION);
    return this;
  }

  /** Writes what is left of `tcb`. */
  write(tcb: Tcb): void {
    const words = this.#words;
    const at = this.#at;
    copyWords(tcb.addresses, SOURCE, words, at + SOURCE);
    copyWords(tcb.addresses, DESTINATION, words, at + DESTINATION);
    words[at + PORTS] = (tcb.localPort << 16) | tcb.remotePort;
    words[at + FAMILY] = tcb.family;
    words[at + INTERFACE] = tcb.iface;
    words[at + TX_HASH] = tcb.txHash;
    words[at + MARK] = tcb.socket.mark;
    words[at + SND_NXT] = tcb.sndNxt;
    words[at + RCV_NXT] = tcb.rcvNxt;
    words[at + WINDOW] = Math.min(receiveWindow(tcb) >> tcb.rcvWndScale, 0xffff);
    words[at + TIMESTAMPS_OK] = tcb.timestampsOk ? 1 : 0;
    words[at + TS_OFFSET] = tcb.tsOffset;
    words[at + TS_RECENT] = tcb.tsRecent;
    words[at + HASH] = tcb.hash;
    this.tsRecentUs = tcb.tsRecentUs;
    this.lastOutOfWindowAckUs = -1;
    this.#times[this.#timesAt + ENTERED_US] = this.tcp.clock.nowUs;
  }

  get localPort(): number {
    return (this.#words[this.#at + PORTS] as number) >>> 16;
  }
  get remotePort(): number {
    return (this.#words[this.#at + PORTS] as number) & 0xffff;
  }
  get family(): number {
    return this.#words[this.#at + FAMILY] as number;
  }
  get iface(): number {
    return this.#words[this.#at + INTERFACE] as number;
  }
  get txHash(): number {
    return this.#words[this.#at + TX_HASH] as number;
  }
  get mark(): number {
    return this.#words[this.#at + MARK] as number;
  }
  get sndNxt(): number {
    return this.#words[this.#at + SND_NXT] as number;
  }
  get rcvNxt(): number {
    return this.#words[this.#at + RCV_NXT] as number;
  }
  /** As offered last, scaled as in the header. */
  get window(): number {
    return this.#words[this.#at + WINDOW] as number;
  }
  get timestampsOk(): boolean {
    return this.#words[this.#at + TIMESTAMPS_OK] === 1;
  }
  get tsOffset(): number {
    return this.#words[this.#at + TS_OFFSET] as number;
  }
  get tsRecent(): number {
    return this.#words[this.#at + TS_RECENT] as number;
  }
  set tsRecent(value: number) {
    this.#words[this.#at + TS_RECENT] = value;
  }
  get tsRecentUs(): number {
    return this.#times[this.#timesAt + TS_RECENT_US] as number;
  }
  set tsRecentUs(us: number) {
    this.#times[this.#timesAt + TS_RECENT_US] = us;
  }
  get lastOutOfWindowAckUs(): number {
    return this.#times[this.#timesAt + ANSWERED_US] as number;
  }
  set lastOutOfWindowAckUs(us: number) {
    this.#times[this.#timesAt + ANSWERED_US] = us;
  }
  get hash(): number {
    return this.#words[this.#at + HASH] as number;
  }
  /** When it ends, µs. */
  get dueUs(): number {
    return this.#times[this.#timesAt + DUE_US] as number;
  }
  set dueUs(us: number) {
    this.#times[this.#timesAt + DUE_US] = us;
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
    return clock.nowUs - (this.#times[this.#timesAt + ENTERED_US] as number) > sysctls.twReuseDelay * 1000;
  }

  get #isLocal(): boolean {
    return isLoopbackWords(this.addresses, SOURCE) || isLoopbackWords(this.addresses, DESTINATION);
  }
}

/** All of a stack's, in the order in which they end: since all wait equally long, one list and one timer. */
export class TimeWaits {
  count = 0;
  readonly #tcp: Tcp;
  readonly #blocks: Block[] = [];
  readonly #shown: TimeWait;
  #timer: Timer | undefined = undefined;
  #first = NONE;
  #last = NONE;
  /** Records that are free, by NEXT. */
  #free = NONE;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
    this.#shown = new TimeWait(tcp);
  }

  /** The one at a place. */
  at(place: number): TimeWait {
    return this.#shown.show(place, this.#blockOf(place));
  }

  /** Whether the one at a place has this 4-tuple, a flow table's key. */
  hasKey(place: number, key: Int32Array): boolean {
    const { words } = this.#blockOf(place);
    const at = WORDS * (place & (RECORDS - 1));
    const ports = words[at + PORTS] as number;
    return isFlow(key, words, at + SOURCE, at + DESTINATION, ports >>> 16, ports & 0xffff);
  }

  /** Index of the interface that the one at a place is bound to, 0: to none. */
  interfaceOf(place: number): number {
    return this.#blockOf(place).words[WORDS * (place & (RECORDS - 1)) + INTERFACE] as number;
  }

  /** The connection goes, its remains take its 4-tuple. Beyond tcp_max_tw_buckets nothing remains, as on Linux. */
  replace(tcb: Tcb): void {
    const tcp = this.#tcp;
    saveMetrics(tcb);
    if (this.count >= tcp.sysctls.maxTwBuckets) {
      tcp.counters.timeWaitOverflow++;
      return;
    }
    const place = this.#take();
    this.at(place).write(tcb);
    tcb.hashed = false;
    tcp.demux.replace(tcb, place);
    tcp.ports.share(tcb.localPort);
    this.#append(place);
  }

  /** 2 MSL begin again: RFC 9293 §3.10.7.4, a FIN that is sent again. */
  restart({ place }: TimeWait): void {
    this.#unlink(place);
    this.#append(place);
  }

  /** Ends it before its time: reuse by a new connection, or tcp_rfc1337 = 0 and a RST. */
  end({ place, hash, localPort }: TimeWait): void {
    this.#unlink(place);
    this.#tcp.demux.removeRemains(hash, place);
    this.#tcp.ports.leave(localPort);
    this.#give(place);
  }

  /** Ends what is due. */
  expire(): void {
    const { clock, counters } = this.#tcp;
    while (this.#first !== NONE) {
      const first = this.at(this.#first);
      if (first.dueUs > clock.nowUs) {
        this.#timer?.armAt(first.dueUs);
        return;
      }
      counters.tw++;
      this.end(first);
    }
  }

  /** Ends those whose own address it is; all, where it is left out. */
  endAll(words?: Int32Array): void {
    for (let place = this.#first; place !== NONE; ) {
      const remains = this.at(place);
      place = this.#word(place, NEXT);
      if (words === undefined || equalWords(remains.addresses, SOURCE, words, 0)) this.end(remains);
    }
  }

  /** Each in turn; it may not end any. */
  forEach(visit: (remains: TimeWait) => void): void {
    for (let place = this.#first; place !== NONE; place = this.#word(place, NEXT)) visit(this.at(place));
  }

  // ---- records ---------------------------------------------------------------------------------------------------------------------

  #blockOf(place: number): Block {
    return this.#blocks[place >> BITS] as Block;
  }

  #word(place: number, which: number): number {
    return this.#blockOf(place).words[WORDS * (place & (RECORDS - 1)) + which] as number;
  }

  #set(place: number, which: number, value: number): void {
    this.#blockOf(place).words[WORDS * (place & (RECORDS - 1)) + which] = value;
  }

  #take(): number {
    if (this.#free === NONE) {
      const from = this.#blocks.length << BITS;
      this.#blocks.push(new Block());
      for (let place = from + RECORDS - 1; place >= from; place--) this.#give(place);
    }
    const place = this.#free;
    this.#free = this.#word(place, NEXT);
    return place;
  }

  #give(place: number): void {
    this.#set(place, NEXT, this.#free);
    this.#free = place;
    if (this.count > 0 || this.#blocks.length === 1) return;
    // None is left of what were many.
    this.#blocks.length = 0;
    this.#free = NONE;
  }

  #append(place: number): void {
    const dueUs = this.#tcp.clock.nowUs + TIME_WAIT_US;
    this.at(place).dueUs = dueUs;
    this.#set(place, PREVIOUS, this.#last);
    this.#set(place, NEXT, NONE);
    if (this.#last === NONE) this.#first = place;
    else this.#set(this.#last, NEXT, place);
    this.#last = place;
    this.count++;
    this.#timer ??= this.#tcp.timers.timer(this, expireAll);
    if (!this.#timer.armed) this.#timer.armAt(dueUs);
  }

  #unlink(place: number): void {
    const next = this.#word(place, NEXT);
    const previous = this.#word(place, PREVIOUS);
    if (previous === NONE) this.#first = next;
    else this.#set(previous, NEXT, next);
    if (next === NONE) this.#last = previous;
    else this.#set(next, PREVIOUS, previous);
    this.count--;
  }
}

const expireAll = (all: TimeWaits): void => all.expire();
