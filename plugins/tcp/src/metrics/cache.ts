// What is remembered of peers, by our address and theirs: Linux's tcp_metrics. A client's cookie and the segment size (RFC 7413 §4.1.3); the path's
// round trip, window and reordering.
import { type Clock, DESTINATION, type Entropy, SOURCE } from '@protoloom/contracts';
import type { TcpMetric, TcpMetrics } from '@protoloom/contracts/tcp';
import { copyWords, equalWords, FlowTable } from '@protoloom/wire';
import { FastOpenOption } from '../fastopen/option.js';
import type { Peer } from '../route.js';

/** Most peers remembered; beyond, the one that was heard of longest ago is forgotten. */
const MOST_ENTRIES = 1024;

/** Of the experiment's kind: not tried; to be tried next; tried in vain. */
const UNTRIED = 0;
const TRY_NEXT = 1;
const IN_VAIN = 2;

export class CacheEntry {
  readonly addresses = new Int32Array(8);
  /** Of the last SYN-ACK; 0: none was told. */
  mss = 0;
  readonly cookie = new FastOpenOption();
  experiment = UNTRIED;
  /** SYNs with text that got lost, in a row. */
  losses = 0;
  heardUs = 0;
  // ---- of the path, by connections that have ended: µs and packets; 0: not known
  rttUs = 0;
  rttVarUs = 0;
  ssthresh = 0;
  cwnd = 0;
  reordering = 0;

  get triesExperiment(): boolean {
    return this.experiment === TRY_NEXT;
  }
}

export class MetricsCache implements TcpMetrics {
  readonly #clock: Clock;
  readonly #entries: FlowTable<CacheEntry>;

  constructor(entropy: Entropy, clock: Clock) {
    this.#clock = clock;
    this.#entries = new FlowTable(entropy.word(), entropy.word());
  }

  find({ addresses }: Peer): CacheEntry | undefined {
    return this.#entries.get(addresses, SOURCE, DESTINATION, 0, 0);
  }

  /** What is remembered of a peer, to be written: new where there is nothing. */
  of(peer: Peer): CacheEntry {
    const entry = this.find(peer) ?? this.#add(peer);
    entry.heardUs = this.#clock.nowUs;
    return entry;
  }

  /**
   * What a SYN-ACK has told.
   * @param mss its segment size, 0: none.
   * @param cookie one of no octets is none.
   * @param lost the SYN with text got lost.
   * @param inVain no cookie came, though one was asked for: by the experiment's kind, or by the other; undefined: that is not so.
   */
  learn(peer: Peer, mss: number, cookie: FastOpenOption, lost: boolean, inVain: 'experiment' | 'standard' | undefined): void {
    const entry = this.of(peer);
    if (mss > 0) entry.mss = mss;
    if (cookie.length > 0) entry.cookie.copy(cookie);
    else if (inVain !== undefined && entry.cookie.length <= 0 && !entry.cookie.experimental)
      entry.experiment = Math.max(entry.experiment, inVain === 'experiment' ? IN_VAIN : TRY_NEXT);
    entry.losses = lost ? entry.losses + 1 : 0;
  }

  #add({ addresses }: Peer): CacheEntry {
    if (this.#entries.size >= MOST_ENTRIES) this.#forgetOldest();
    const entry = new CacheEntry();
    copyWords(addresses, 0, entry.addresses, 0);
    copyWords(addresses, 4, entry.addresses, 4);
    this.#entries.set(entry.addresses, SOURCE, DESTINATION, 0, 0, entry);
    return entry;
  }

  #forgetOldest(): void {
    let oldest: CacheEntry | undefined;
    this.#entries.forEach((entry) => {
      if (oldest === undefined || entry.heardUs < oldest.heardUs) oldest = entry;
    });
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget({ addresses }: CacheEntry): void {
    this.#entries.delete(addresses, SOURCE, DESTINATION, 0, 0);
  }

  // ---- ip tcp_metrics --------------------------------------------------------------------------------------------------------------

  list(): readonly TcpMetric[] {
    const metrics: TcpMetric[] = [];
    this.#entries.forEach(({ addresses, mss, cookie, losses, heardUs, rttUs, rttVarUs, ssthresh, cwnd, reordering }) => {
      metrics.push({
        peer: addresses.slice(DESTINATION, DESTINATION + 4),
        local: addresses.slice(SOURCE, SOURCE + 4),
        ageUs: this.#clock.nowUs - heardUs,
        fastOpenMss: mss,
        fastOpenCookie: cookie.cookie.slice(0, Math.max(0, cookie.length)),
        fastOpenLosses: losses,
        rttUs,
        rttVarUs,
        ssthresh,
        cwnd,
        reordering,
      });
    });
    return metrics;
  }

  flush(peer?: Int32Array, at = 0): number {
    const gone: CacheEntry[] = [];
    this.#entries.forEach((entry) => {
      if (peer === undefined || equalWords(entry.addresses, DESTINATION, peer, at)) gone.push(entry);
    });
    for (const entry of gone) this.#forget(entry);
    return gone.length;
  }
}
