// The host's part of IGMP and MLD on one interface: what is reported, when, and in which version. RFC 3376 §5 and §7, RFC 3810 §6 and §8; the
// older versions by RFC 2236 §3 and RFC 2710 §4. Timing as Linux's.
import type { Clock, Entropy, Timer, Timers } from '@protoloom/contracts';
import type { SourceFilter } from '@protoloom/contracts/multicast';
import { equalWords } from '@protoloom/wire';
import { admits, changedSources, hasSource, NO_SOURCE, sameFilter } from './source-filter.js';

/** Record types of a report: RFC 3376 §4.2.12, RFC 3810 §5.2.12. */
export const MODE_IS_INCLUDE = 1;
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;
export const ALLOW_NEW_SOURCES = 5;
export const BLOCK_OLD_SOURCES = 6;

export interface GroupRecord {
  readonly type: number;
  /** Four words. */
  readonly group: Int32Array;
  readonly sources: readonly Int32Array[];
}

/** What a protocol says on the wire, and what its sysctls want; all live. */
export interface ReporterProtocol {
  /** The version whose reports have source filters; older ones are below it. */
  readonly current: number;
  /** 0, or the version that the sysctl forces. */
  readonly forced: number;
  /** Robustness where no querier has said one. */
  readonly robustness: number;
  /** Between the first unsolicited reports of a version, µs, at most. */
  unsolicitedUs(version: number): number;
  /** False: the group is never reported (224.0.0.1, ff02::1). */
  reports(group: Int32Array): boolean;
  /** Sends records in the current version, in as many messages as they need. */
  sendRecords(records: readonly GroupRecord[]): void;
  /** Sends a report of an older version. */
  sendReport(group: Int32Array, version: number): void;
  /** Says in an older version that nobody here wants the group any more; a version without such a message sends none. */
  sendLeave(group: Int32Array, version: number): void;
}

/** A query that came in, as the protocol has read it. */
export interface GroupQuery {
  readonly version: number;
  /** µs. */
  readonly maxResponseUs: number;
  /** Four words; undefined: a general query. */
  readonly group: Int32Array | undefined;
  readonly sources: readonly Int32Array[];
  /** 0: not said. */
  readonly robustness: number;
  /** µs, 0: not said. */
  readonly intervalUs: number;
}

export interface GroupReporterContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
}

/** RFC 3376 §8.2, RFC 3810 §9.2. */
const DEFAULT_INTERVAL_US = 125_000_000;

/** Sources that queries asked about at once, at most; with more the whole group is answered for. */
const MOST_ASKED = 64;

/** A group that is wanted, or whose end is still to be told. */
class ReportedGroup {
  readonly words: Int32Array;
  readonly reporter: GroupReporter;
  filter: SourceFilter = NO_SOURCE;
  /** How often the change of its mode is still to be told. */
  modeReports = 0;
  /** Sources whose change is still to be told, and how often. */
  changes: { readonly source: Int32Array; left: number }[] = [];
  /** Pending answer to a query about it, or a report of an older version. */
  readonly timer: Timer;
  /** Sources that the query asked about; empty: about the group. */
  asked: readonly Int32Array[] = [];
  /** Reports of an older version that are still to be sent without a query. */
  unsolicited = 0;
  /** The last report of an older version was ours: leaving has to be said. */
  lastReporter = false;

  constructor(reporter: GroupReporter, timers: Timers, words: Int32Array) {
    this.reporter = reporter;
    this.words = words;
    this.timer = timers.timer<ReportedGroup>(this, answerGroup);
  }

  get wanted(): boolean {
    return this.filter.exclude || this.filter.sources.length > 0;
  }

  /** Changes are still to be told. */
  get pending(): boolean {
    return this.modeReports > 0 || this.changes.length > 0;
  }

  /** What is pending is off. */
  settle(): void {
    this.timer.cancel();
    this.modeReports = 0;
    this.changes = [];
    this.asked = [];
    this.unsolicited = 0;
  }
}

const answerGroup = (group: ReportedGroup): void => group.reporter.answer(group);
const answerGeneral = (reporter: GroupReporter): void => reporter.answerGeneral();
const reportChanges = (reporter: GroupReporter): void => reporter.reportChanges();

export class GroupReporter {
  readonly #context: GroupReporterContext;
  readonly #protocol: ReporterProtocol;
  #groups: ReportedGroup[] = [];
  /** Pending answer to a general query. */
  readonly #general: Timer;
  /** Pending report of changes. */
  readonly #changes: Timer;
  /** Until when queriers of version 1, 2, … are taken to be there, µs, by version. */
  readonly #olderUntilUs: number[] = [];
  #robustness = 0;
  #intervalUs = DEFAULT_INTERVAL_US;
  #responseUs = 10_000_000;

  constructor(context: GroupReporterContext, protocol: ReporterProtocol) {
    this.#context = context;
    this.#protocol = protocol;
    this.#general = context.timers.timer<GroupReporter>(this, answerGeneral);
    this.#changes = context.timers.timer<GroupReporter>(this, reportChanges);
  }

  /** The version spoken now: the forced one, the oldest of those whose queriers were heard of late, or the current. */
  get version(): number {
    const { current, forced } = this.#protocol;
    if (forced > 0) return Math.min(forced, current);
    const { nowUs } = this.#context.clock;
    for (let version = 1; version < current; version++) if ((this.#olderUntilUs[version] ?? -1) > nowUs) return version;
    return current;
  }

  get robustness(): number {
    return this.#robustness || this.#protocol.robustness;
  }

  /** What the interface wants of a group is another now: `NO_SOURCE` where nobody wants it any more. */
  changed(words: Int32Array, filter: SourceFilter): void {
    if (!this.#protocol.reports(words)) return;
    const group = this.#groups.find((one) => equalWords(one.words, 0, words, 0)) ?? this.#add(words);
    const before = group.filter;
    if (sameFilter(before, filter)) return;
    group.filter = filter;
    if (this.version === this.#protocol.current) this.#change(group, before);
    else this.#changeOlder(group, before);
  }

  /** A query came in: RFC 3376 §5.2, RFC 3810 §6.2; an older one RFC 2236 §3, RFC 2710 §4. */
  query(query: GroupQuery): void {
    const { current, forced } = this.#protocol;
    if (forced > 0 && query.version < forced) return;
    if (query.version < current) this.#olderQuery(query);
    else {
      this.#robustness = query.robustness;
      this.#intervalUs = query.intervalUs || DEFAULT_INTERVAL_US;
      this.#responseUs = query.maxResponseUs;
    }
    if (this.version < current) return this.#askOlder(query);
    const delayUs = this.#context.entropy.below(query.maxResponseUs + 1);
    const general = this.#general;
    if (general.armed && general.dueUs <= this.#context.clock.nowUs + delayUs) return;
    if (query.group === undefined) {
      general.arm(delayUs);
      return;
    }
    const group = this.#find(query.group);
    if (group === undefined) return;
    const pending = group.timer.armed;
    // A pending answer about the whole group stays one; sources are gathered.
    group.asked =
      query.sources.length === 0 || (pending && group.asked.length === 0)
        ? []
        : [...group.asked, ...query.sources.filter((source) => !hasSource(group.asked, source, 0))];
    if (group.asked.length > MOST_ASKED) group.asked = [];
    if (!pending || group.timer.dueUs > this.#context.clock.nowUs + delayUs) group.timer.arm(delayUs);
  }

  /** Another host has reported the group in an older version: ours need not. RFC 2236 §3, RFC 2710 §4. */
  heard(words: Int32Array): void {
    const group = this.#find(words);
    if (group === undefined || this.version === this.#protocol.current) return;
    group.timer.cancel();
    group.unsolicited = 0;
    group.lastReporter = false;
  }

  /** The interface is up again: all that is wanted is told anew. */
  up(): void {
    for (const group of this.#groups) {
      const { filter } = group;
      group.filter = NO_SOURCE;
      this.changed(group.words, filter);
    }
  }

  /** The interface is down: nothing is pending, and nothing is known of queriers. */
  down(): void {
    this.#general.cancel();
    this.#changes.cancel();
    this.#olderUntilUs.length = 0;
    this.#robustness = 0;
    this.#intervalUs = DEFAULT_INTERVAL_US;
    this.#groups = this.#groups.filter((group) => {
      group.settle();
      return group.wanted;
    });
  }

  /** The host stops: every group is left on the wire, at once. */
  leaveAll(): void {
    const version = this.version;
    const members = this.#groups.filter((group) => group.wanted);
    if (version < this.#protocol.current) for (const { words } of members) this.#protocol.sendLeave(words, version);
    else if (members.length > 0)
      this.#protocol.sendRecords(
        members.map(({ words, filter: { exclude, sources } }) => ({
          type: exclude ? CHANGE_TO_INCLUDE : BLOCK_OLD_SOURCES,
          group: words,
          sources: exclude ? [] : sources,
        })),
      );
    this.down();
  }

  // ---- the current version ---------------------------------------------------------------------------------------------------------

  /** RFC 3376 §5.1: the change is told at once, and again `robustness` - 1 times. */
  #change(group: ReportedGroup, before: SourceFilter): void {
    const { filter } = group;
    if (filter.exclude !== before.exclude) {
      group.modeReports = this.robustness;
      group.changes = [];
    } else
      for (const source of changedSources(before, filter)) {
        const known = group.changes.find((one) => equalWords(one.source, 0, source, 0));
        if (known === undefined) group.changes.push({ source, left: this.robustness });
        else known.left = this.robustness;
      }
    // The rest of this turn may change more.
    this.#changes.arm(0);
  }

  reportChanges(): void {
    const records: GroupRecord[] = [];
    for (const group of this.#groups) addChanges(group, records);
    this.#groups = this.#groups.filter((group) => group.wanted || group.pending);
    if (records.length > 0) this.#protocol.sendRecords(records);
    if (this.#groups.some((group) => group.pending))
      this.#changes.arm(1 + this.#context.entropy.below(this.#protocol.unsolicitedUs(this.#protocol.current)));
  }

  answerGeneral(): void {
    const records: GroupRecord[] = [];
    for (const group of this.#groups) if (group.wanted) records.push(current(group.words, group.filter));
    if (records.length > 0) this.#protocol.sendRecords(records);
  }

  /** The group's timer: RFC 3376 §5.2, what is current of the group or of the sources asked about. */
  answer(group: ReportedGroup): void {
    const version = this.version;
    const { words, filter, asked } = group;
    if (version < this.#protocol.current) return this.#reportOlder(group, version);
    group.asked = [];
    if (!group.wanted) return;
    if (asked.length === 0) return this.#protocol.sendRecords([current(words, filter)]);
    const sources = asked.filter((source) => admits(filter, source, 0));
    if (sources.length > 0) this.#protocol.sendRecords([{ type: MODE_IS_INCLUDE, group: words, sources }]);
  }

  // ---- older versions --------------------------------------------------------------------------------------------------------------

  /** Such a querier is there for robustness × interval + response time from now: RFC 3376 §8.12, RFC 3810 §9.12. */
  #olderQuery({ version, maxResponseUs }: GroupQuery): void {
    const { clock } = this.#context;
    const before = this.version;
    this.#responseUs = Math.max(this.#responseUs, maxResponseUs);
    this.#olderUntilUs[version] = clock.nowUs + this.robustness * this.#intervalUs + this.#responseUs;
    if (this.version === before) return;
    // Pending answers and reports of the version that was spoken are off: RFC 3376 §7.2.1.
    this.#general.cancel();
    this.#changes.cancel();
    for (const group of this.#groups) group.settle();
    this.#groups = this.#groups.filter((group) => group.wanted);
  }

  #askOlder({ group: words, maxResponseUs }: GroupQuery): void {
    const { clock, entropy } = this.#context;
    for (const group of this.#groups) {
      if (!group.wanted || (words !== undefined && !equalWords(group.words, 0, words, 0))) continue;
      const delayUs = entropy.below(maxResponseUs + 1);
      if (!group.timer.armed || group.timer.dueUs > clock.nowUs + maxResponseUs) group.timer.arm(delayUs);
    }
  }

  #changeOlder(group: ReportedGroup, before: SourceFilter): void {
    if (group.wanted) {
      if (before.exclude || before.sources.length > 0) return;
      group.unsolicited = this.robustness;
      group.timer.arm(0);
      return;
    }
    group.settle();
    this.#groups = this.#groups.filter((one) => one !== group);
    if (group.lastReporter) this.#protocol.sendLeave(group.words, this.version);
  }

  #reportOlder(group: ReportedGroup, version: number): void {
    this.#protocol.sendReport(group.words, version);
    group.lastReporter = true;
    if (group.unsolicited > 0 && --group.unsolicited > 0)
      group.timer.arm(1 + this.#context.entropy.below(this.#protocol.unsolicitedUs(version)));
  }

  // ---- groups ----------------------------------------------------------------------------------------------------------------------

  #find(words: Int32Array): ReportedGroup | undefined {
    return this.#groups.find((group) => equalWords(group.words, 0, words, 0));
  }

  #add(words: Int32Array): ReportedGroup {
    const group = new ReportedGroup(this, this.#context.timers, words.slice(0, 4));
    this.#groups.push(group);
    return group;
  }
}

const current = (group: Int32Array, { exclude, sources }: SourceFilter): GroupRecord => ({
  type: exclude ? MODE_IS_EXCLUDE : MODE_IS_INCLUDE,
  group,
  sources,
});

/** The records that tell a group's pending changes once: its mode, or sources that are allowed and blocked. */
function addChanges(group: ReportedGroup, records: GroupRecord[]): void {
  const { words, filter, changes } = group;
  if (group.modeReports > 0) {
    group.modeReports--;
    records.push({ type: filter.exclude ? CHANGE_TO_EXCLUDE : CHANGE_TO_INCLUDE, group: words, sources: filter.sources });
  } else {
    const allowed = changes.filter(({ source }) => admits(filter, source, 0)).map(({ source }) => source);
    const blocked = changes.filter(({ source }) => !admits(filter, source, 0)).map(({ source }) => source);
    if (allowed.length > 0) records.push({ type: ALLOW_NEW_SOURCES, group: words, sources: allowed });
    if (blocked.length > 0) records.push({ type: BLOCK_OLD_SOURCES, group: words, sources: blocked });
  }
  for (const change of changes) change.left--;
  group.changes = changes.filter(({ left }) => left > 0);
}
