// What is to hold: ratios of paired runs on one machine. A target holds when the interval of the ratio's median reaches it.
import type { ContenderName } from './contenders/contender.js';
import { type Estimate, estimate } from './statistics.js';
import type { Result } from './suite.js';
import { valuesOf } from './suite.js';

interface Side {
  readonly measure: string;
  readonly contender: ContenderName;
}

export interface Target {
  readonly what: string;
  readonly unit: string;
  readonly ours: Side;
  /** Left out where the figure itself is bounded. */
  readonly theirs?: Side;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const BULK_IN = 'bulk in, offload';
const BULK_OUT = 'bulk out, offload';
const PLAIN_IN = 'bulk in, plain';
const PLAIN_OUT = 'bulk out, plain';
const UDP_ECHO = 'UDP echo, 64 octets, 64 in flight';
const PING_PONG = 'TCP ping-pong, one CPU';
const WE_CLOSE = 'connections, 16 in flight, we close first';
const PEER_CLOSES = 'connections, 16 in flight, the peer closes first';
const HTTP = 'HTTP requests, 64 connections';
const MEMORY = 'memory of an idle connection, 10,000 of them';

/** Ours beside another contender in the same measure. */
const beside = (measure: string, contender: ContenderName, atLeast: number, unit = '/s', ours: ContenderName = 'protoloom'): Target => ({
  what: `${measure}: ${ours === 'protoloom' ? '' : `${ours} beside `}${contender}`,
  unit,
  ours: { measure, contender: ours },
  theirs: { measure, contender },
  atLeast,
});
const bulk = (measure: string, contender: ContenderName, atLeast: number): Target => beside(measure, contender, atLeast, 'Gbit/s');

const cpu = (measure: string): Target => {
  const { atLeast: _, ...target } = beside(measure, 'limit', 0, 'CPU s/GB');
  return { ...target, what: `${measure}, CPU s/GB: limit`, atMost: 2 };
};

const families = (measure: string, unit = 'Gbit/s'): Target => ({
  what: `${measure}, IPv6: IPv4`,
  unit,
  ours: { measure: `${measure}, IPv6`, contender: 'protoloom' },
  theirs: { measure: `${measure}, IPv6`, contender: 'protoloom-ipv4' },
  atLeast: 0.95,
});

export const TARGETS: readonly Target[] = [
  bulk(BULK_IN, 'limit', 0.6),
  bulk(BULK_OUT, 'limit', 0.7),
  bulk(BULK_IN, 'gvisor', 2),
  bulk(BULK_OUT, 'gvisor', 2),
  bulk(PLAIN_IN, 'limit', 0.7),
  bulk(PLAIN_IN, 'lwip', 1),
  bulk(PLAIN_IN, 'smoltcp', 1),
  bulk(PLAIN_OUT, 'limit', 0.95),
  beside(UDP_ECHO, 'limit', 0.85),
  beside(UDP_ECHO, 'kernel', 1),
  beside(PING_PONG, 'limit', 0.8),
  ...[WE_CLOSE, PEER_CLOSES].flatMap((measure) => [beside(measure, 'limit', 0.6), beside(measure, 'kernel', 1)]),
  beside(HTTP, 'node-net', 1),
  beside(HTTP, 'node-net', 1, '/s', 'protoloom-http'),
  beside(HTTP, 'node-http', 2, '/s', 'protoloom-http'),
  { what: 'heap of an idle connection', unit: 'KB of heap', ours: { measure: MEMORY, contender: 'protoloom' }, atMost: 2 },
  ...[BULK_IN, BULK_OUT, PLAIN_IN, PLAIN_OUT].map(cpu),
  ...[BULK_IN, BULK_OUT, PLAIN_IN, PLAIN_OUT].map((measure) => families(measure)),
  families(UDP_ECHO, '/s'),
  { what: 'an idle stack', unit: '% of a CPU', ours: { measure: 'an idle stack', contender: 'protoloom' }, atMost: 0.1 },
];

export interface Verdict {
  readonly target: Target;
  /** Of the ratio, or of the figure. */
  readonly estimate: Estimate;
  readonly holds: boolean;
}

/** @returns undefined where it was not measured. */
export function judge(target: Target, results: readonly Result[]): Verdict | undefined {
  const values = ({ measure, contender }: Side): number[] | undefined => {
    const result = results.find((one) => one.measure.name === measure && one.contender === contender);
    const figure = result?.measure.figures.find(({ unit }) => unit === target.unit);
    return result === undefined || figure === undefined ? undefined : valuesOf(result, figure);
  };
  const ours = values(target.ours);
  const theirs = target.theirs === undefined ? ours?.map(() => 1) : values(target.theirs);
  if (ours === undefined || theirs === undefined) return undefined;
  const ratio = estimate(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
  if (ratio === undefined) return undefined;
  const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = target;
  return { target, estimate: ratio, holds: ratio.to >= atLeast && ratio.from <= atMost };
}

export const judgeAll = (results: readonly Result[]): readonly Verdict[] => TARGETS.flatMap((target) => judge(target, results) ?? []);
