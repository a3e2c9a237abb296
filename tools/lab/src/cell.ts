// One cell of the grid: one controller on one path, measured over loss epochs, beside its model.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { cubic } from '@protoloom/tcp-cubic';
import { newreno } from '@protoloom/tcp-newreno';
import { reno } from '@protoloom/tcp-reno';
import { Dumbbell, PACKET_BYTES } from './dumbbell.js';
import { cubicWindow, renoWindow, sawtoothSegments } from './models.js';

export const CONTROLLERS = { reno, newreno, cubic } as const satisfies Readonly<Record<string, CongestionControl>>;
export type ControllerName = keyof typeof CONTROLLERS;

/** Octets of text in a full packet: 1500, less IPv4 and TCP with timestamps. */
const TEXT_BYTES = 1448;
/** Cells that need more are not measured. */
export const MOST_PACKETS = 10_000_000;
const EPOCHS = 100;
/**
 * A hundred losses that come at random leave CUBIC's mean uncertain by a seventh: RFC 9438's rule alone, played with 200 draws of them at one
 * in 10,000, has nine tenths of its means within 15 % of the middle one.
 */
const RANDOM_EPOCHS = 400;
/** Where losses are cheap, more of them make the mean steadier. */
const CHEAP_PACKETS = 200_000;
/** Epochs at the start that are not counted. */
const WARM_UP = 5;
const SECOND_US = 1_000_000;

/** `none`: no loss and any queue; `queue`: drop-tail of one bandwidth-delay product; `random`: that queue, and random loss. */
export type Loss = 'none' | 'queue' | 'random';

export interface Cell {
  readonly controller: ControllerName;
  readonly mbit: number;
  readonly rttMs: number;
  readonly loss: Loss;
  /** Probability of random loss. */
  readonly p: number;
  readonly seed: number;
}

export interface Measurement {
  readonly cell: Cell;
  /** Packets that the cell needs, where these are too many to be measured. */
  readonly tooMany?: number;
  /** Text delivered and what the model says, bits per second; which model it is. */
  readonly carried: number;
  readonly expected: number;
  readonly model: 'link' | 'reno' | 'cubic';
  readonly epochs: number;
  readonly timeouts: number;
  readonly packets: number;
  readonly rttMs: number;
  /** Segments for each acknowledgement. */
  readonly ackRatio: number;
}

/** Bandwidth-delay product, octets; two packets at least, without which nothing gets through. */
const bdp = ({ mbit, rttMs }: Cell): number => Math.max(2 * PACKET_BYTES, (mbit * rttMs * 1000) / 8);
/** Text that the link carries, bits per second. */
const linkRate = ({ mbit }: Cell): number => (mbit * SECOND_US * TEXT_BYTES) / PACKET_BYTES;

/** About how many packets so many epochs take. */
function packetsFor(cell: Cell, epochs: number): number {
  if (cell.loss === 'random') return epochs / cell.p;
  const pipe = bdp(cell) / PACKET_BYTES;
  return epochs * sawtoothSegments(cell.controller, 2 * pipe, pipe, (cell.mbit * SECOND_US) / (8 * PACKET_BYTES));
}

export function measure(cell: Cell): Measurement {
  const counted = cell.loss === 'random' ? RANDOM_EPOCHS : EPOCHS;
  const needed = cell.loss === 'none' ? 0 : packetsFor(cell, counted + WARM_UP);
  if (needed > MOST_PACKETS) return { cell, tooMany: needed, ...NOTHING };
  const { mbit, rttMs, loss, p, seed } = cell;
  const path = { rate: mbit * SECOND_US, loss: p, ...(loss === 'none' ? {} : { queueBytes: bdp(cell) }) };
  const lab = new Dumbbell(seed, path, [{ control: CONTROLLERS[cell.controller], rttUs: rttMs * 1000, startUs: 0 }]);
  const [flow] = lab.flows;
  if (flow === undefined) throw new Error('one flow');
  const { record } = flow;
  const stepUs = Math.max(20_000, rttMs * 1000);
  const until = (done: () => boolean): void => {
    while (!done() && lab.bottleneck.frames < MOST_PACKETS) lab.advance(stepUs);
  };
  if (loss === 'none') lab.advance(Math.max(5 * SECOND_US, 50 * rttMs * 1000));
  else until(() => record.episodes >= WARM_UP);
  const start = { us: lab.nowUs, octets: flow.received, packets: lab.bottleneck.frames };
  record.reset();
  if (loss === 'none') lab.advance(Math.max(5 * SECOND_US, 50 * rttMs * 1000));
  else until(() => record.episodes >= counted && lab.bottleneck.frames - start.packets >= Math.min(CHEAP_PACKETS, 10 * needed));
  const seconds = (lab.nowUs - start.us) / SECOND_US;
  const meanRtt = record.rttUs / SECOND_US;
  return {
    cell,
    carried: ((flow.received - start.octets) * 8) / seconds,
    ...modelOf(cell, meanRtt),
    epochs: record.episodes,
    timeouts: record.timeouts,
    packets: lab.bottleneck.frames - start.packets,
    rttMs: meanRtt * 1000,
    ackRatio: record.acks === 0 ? 0 : record.acked / TEXT_BYTES / record.acks,
  };
}

const NOTHING = { carried: 0, expected: 0, model: 'link', epochs: 0, timeouts: 0, packets: 0, rttMs: 0, ackRatio: 0 } as const;

/** The model's window over the round trip that was seen, but never more than the link carries. */
function modelOf(cell: Cell, rtt: number): Pick<Measurement, 'expected' | 'model'> {
  const link = linkRate(cell);
  if (cell.loss !== 'random') return { expected: link, model: 'link' };
  const model = cell.controller === 'cubic' ? 'cubic' : 'reno';
  const window = model === 'cubic' ? cubicWindow(cell.p, rtt) : renoWindow(cell.p);
  const expected = (window * TEXT_BYTES * 8) / rtt;
  return expected >= link ? { expected: link, model: 'link' } : { expected, model };
}

/** cwnd from a connection's start on, a drop-tail queue of one bandwidth-delay product behind it. */
export interface Trace {
  readonly controller: ControllerName;
  readonly mbit: number;
  readonly rttMs: number;
  /** Pipe, and pipe with queue, segments. */
  readonly pipe: number;
  readonly most: number;
  /** Seconds, and segments. */
  readonly points: readonly (readonly [number, number])[];
}

export function trace(controller: ControllerName, mbit: number, rttMs: number, seconds: number, seed: number): Trace {
  const cell: Cell = { controller, mbit, rttMs, loss: 'queue', p: 0, seed };
  const path = { rate: mbit * SECOND_US, loss: 0, queueBytes: bdp(cell) };
  const lab = new Dumbbell(seed, path, [{ control: CONTROLLERS[controller], rttUs: rttMs * 1000, startUs: 0 }]);
  const startUs = lab.nowUs;
  lab.advance(seconds * SECOND_US);
  const pipe = bdp(cell) / PACKET_BYTES;
  const points = (lab.flows[0]?.record.trace ?? []).map(([atUs, segments]) => [(atUs - startUs) / SECOND_US, segments] as const);
  return { controller, mbit, rttMs, pipe, most: 2 * pipe, points };
}
