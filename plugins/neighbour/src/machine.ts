// The states of a neighbour: RFC 4861 §7.3, as Linux applies it to every family.
import type { Packet } from '@protoloom/contracts';
import {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  UPDATE_ADMIN,
  UPDATE_OVERRIDE,
  UPDATE_WEAK_OVERRIDE,
} from '@protoloom/contracts/neighbour';
import type { NeighbourEntry } from './entry.js';
import { CONNECTED, FIXED, TIMED, VALID } from './states.js';

/** Shortest wait of a timer: Linux's HZ/100. */
const MIN_WAIT_US = 10_000;

/** The only writer of `state`. */
export function enter(entry: NeighbourEntry, state: number): undefined {
  if (entry.state === NUD_PERMANENT) entry.table.exempt--;
  if (state === NUD_PERMANENT) entry.table.exempt++;
  entry.state = state;
  if ((state & TIMED) === 0) entry.timer.cancel();
}

const retransUs = (entry: NeighbourEntry): number => Math.max(entry.times.parameters.retransTimeMs * 1000, MIN_WAIT_US);
const delayUs = (entry: NeighbourEntry): number => entry.times.parameters.delayFirstProbeTime * 1_000_000;

// ---- sending ---------------------------------------------------------------------------------------------------------------------

/** A packet for a neighbour that is not known to be reachable. */
export function send(entry: NeighbourEntry, packet: Packet): undefined {
  // Removed while its user still held it: Linux's black hole. The user looks it up again.
  if (entry.dead) return;
  const { nowUs } = entry.table.clock;
  entry.usedUs = nowUs;
  if (entry.state === NUD_STALE) {
    entry.updatedUs = nowUs;
    enter(entry, NUD_DELAY);
    entry.timer.arm(Math.max(delayUs(entry), MIN_WAIT_US));
    entry.table.tell(entry);
  }
  if ((entry.state & VALID) !== 0) return entry.transmit(packet);
  if (entry.state === NUD_INCOMPLETE) return wait(entry, packet);
  startResolution(entry, packet);
}

/** The first packet, or the first after a failure. */
function startResolution(entry: NeighbourEntry, packet: Packet): undefined {
  const { parameters } = entry.times;
  const { nowUs } = entry.table.clock;
  entry.updatedUs = nowUs;
  if (parameters.mcastSolicit + parameters.appSolicit === 0) {
    enter(entry, NUD_FAILED);
    return entry.table.protocol.unreachable(entry, packet);
  }
  entry.probes = parameters.ucastSolicit;
  enter(entry, NUD_INCOMPLETE);
  entry.timer.arm(retransUs(entry));
  wait(entry, packet);
  solicit(entry);
}

/** One solicitation without a packet, at whose end the entry has failed again: Linux's __neigh_set_probe_once. */
export function probe(entry: NeighbourEntry): undefined {
  if (entry.dead || entry.state !== NUD_FAILED) return;
  const { ucastSolicit, appSolicit, mcastSolicit } = entry.times.parameters;
  entry.updatedUs = entry.table.clock.nowUs;
  entry.probes = ucastSolicit + appSolicit + mcastSolicit;
  enter(entry, NUD_INCOMPLETE);
  entry.timer.arm(retransUs(entry));
  entry.table.protocol.solicit(entry, undefined, false);
}

/** Queues a packet; the oldest go where the memory allowed is short (RFC 1122 §2.3.2.2: the latest is kept). */
function wait(entry: NeighbourEntry, packet: Packet): undefined {
  const kept = packet.taken ? packet.copy() : packet.take();
  const { memory } = kept;
  const room = entry.times.parameters.unresQlenBytes - memory;
  while (entry.waiting.length > 0 && entry.waitingBytes > room) {
    const oldest = entry.waiting.shift() as Packet;
    entry.waitingBytes -= oldest.memory;
    entry.table.protocol.counters.unresolvedDiscards++;
    oldest.release();
  }
  entry.waiting.push(kept);
  entry.waitingBytes += memory;
}

function takeWaiting(entry: NeighbourEntry): readonly Packet[] {
  const { waiting } = entry;
  if (waiting.length > 0) entry.waiting = [];
  entry.waitingBytes = 0;
  return waiting;
}

export function dropWaiting(entry: NeighbourEntry): undefined {
  for (const packet of takeWaiting(entry)) packet.release();
}

/** Asks once: an entry that has been reached before by unicast first, and what is left to an application not at all. */
function solicit(entry: NeighbourEntry): undefined {
  const { ucastSolicit, appSolicit } = entry.times.parameters;
  const unicast = entry.probes < ucastSolicit;
  const left = !unicast && entry.probes < ucastSolicit + appSolicit;
  entry.probes++;
  if (left) entry.table.tell(entry);
  else entry.table.protocol.solicit(entry, entry.waiting[0], unicast);
}

// ---- time ------------------------------------------------------------------------------------------------------------------------

/** The timer of a state in `TIMED`. */
export function expired(entry: NeighbourEntry): undefined {
  switch (entry.state) {
    case NUD_REACHABLE:
      return reachableExpired(entry);
    case NUD_DELAY:
      return delayExpired(entry);
    case NUD_PROBE:
    case NUD_INCOMPLETE:
      return probeExpired(entry);
    default: // nothing to time
  }
}

function reachableExpired(entry: NeighbourEntry): undefined {
  const { nowUs } = entry.table.clock;
  const dueUs = entry.confirmedUs + entry.times.reachableUs;
  if (nowUs < dueUs) {
    entry.timer.armAt(Math.max(dueUs, nowUs + MIN_WAIT_US));
    return;
  }
  entry.updatedUs = nowUs;
  if (nowUs <= entry.usedUs + delayUs(entry)) {
    enter(entry, NUD_DELAY);
    entry.timer.arm(Math.max(delayUs(entry), MIN_WAIT_US));
  } else {
    enter(entry, NUD_STALE);
  }
  entry.table.tell(entry);
}

function delayExpired(entry: NeighbourEntry): undefined {
  const { nowUs } = entry.table.clock;
  entry.updatedUs = nowUs;
  if (nowUs <= entry.confirmedUs + delayUs(entry)) {
    enter(entry, NUD_REACHABLE);
    entry.timer.armAt(Math.max(entry.confirmedUs + entry.times.reachableUs, nowUs + MIN_WAIT_US));
    return entry.table.tell(entry);
  }
  entry.probes = 0;
  enter(entry, NUD_PROBE);
  entry.table.tell(entry);
  probeExpired(entry);
}

function probeExpired(entry: NeighbourEntry): undefined {
  const { ucastSolicit, appSolicit, mcastSolicit, mcastResolicit } = entry.times.parameters;
  const most = ucastSolicit + appSolicit + (entry.state === NUD_PROBE ? mcastResolicit : mcastSolicit);
  if (entry.probes >= most) return fail(entry);
  entry.timer.arm(retransUs(entry));
  solicit(entry);
}

/** The resolution failed: what waits is reported, and the next packet starts anew. */
function fail(entry: NeighbourEntry): undefined {
  const { table } = entry;
  const waiting = takeWaiting(entry);
  entry.updatedUs = table.clock.nowUs;
  enter(entry, NUD_FAILED);
  table.protocol.counters.resFailed++;
  for (const packet of waiting) {
    table.protocol.unreachable(entry, packet);
    packet.release();
  }
  table.tell(entry);
}

// ---- what protocols learn --------------------------------------------------------------------------------------------------------

/** What a resolution protocol or an administrator says of a neighbour: Linux's neigh_update. */
export function update(entry: NeighbourEntry, bytes: Uint8Array | undefined, at: number, state: number, flags: number): undefined {
  const old = entry.state;
  if (entry.dead || ((old & FIXED) !== 0 && (flags & UPDATE_ADMIN) === 0)) return;
  if ((state & VALID) === 0) return invalidate(entry, state);
  const wasValid = (old & VALID) !== 0;
  // Without an address there is nothing to become valid with, except on links that have none.
  if (bytes === undefined && !wasValid && entry.iface.link.addressBytes > 0) return;
  const differs = bytes !== undefined && !(wasValid && entry.hasLinkAddress(bytes, at));
  if ((state & CONNECTED) !== 0) entry.confirm();
  if (!wasValid || !differs || (flags & UPDATE_OVERRIDE) !== 0) {
    // Word that the address is what it was says nothing about reachability.
    const confirmsNothing = wasValid && !differs && state === NUD_STALE && (flags & UPDATE_ADMIN) === 0;
    return become(entry, differs ? bytes : undefined, at, confirmsNothing ? old : state);
  }
  // RFC 4861 §7.2.5: another address without override leaves the old one in use, but under suspicion.
  if ((flags & UPDATE_WEAK_OVERRIDE) !== 0 && (old & CONNECTED) !== 0) become(entry, undefined, 0, NUD_STALE);
}

/** @param bytes the new link address at `at`, or undefined: it stays. */
function become(entry: NeighbourEntry, bytes: Uint8Array | undefined, at: number, state: number): undefined {
  const { state: old, table } = entry;
  if (state === old && bytes === undefined) return;
  entry.updatedUs = table.clock.nowUs;
  if (bytes !== undefined) {
    entry.setLinkAddress(bytes, at);
    // Nobody has confirmed the new address yet.
    if ((state & CONNECTED) === 0) entry.doubt();
  }
  if (state !== old) {
    if (state === NUD_PROBE) entry.probes = 0;
    enter(entry, state);
    if ((state & TIMED) !== 0) entry.timer.arm(state === NUD_REACHABLE ? entry.times.reachableUs : 0);
  }
  if ((old & VALID) === 0) {
    for (const packet of takeWaiting(entry)) {
      entry.output(packet);
      packet.release();
    }
  }
  table.tell(entry);
}

function invalidate(entry: NeighbourEntry, state: number): undefined {
  const { state: old } = entry;
  if (state === NUD_FAILED && (old & (NUD_INCOMPLETE | NUD_PROBE)) !== 0) return fail(entry);
  entry.updatedUs = entry.table.clock.nowUs;
  enter(entry, state);
  if (state === NUD_INCOMPLETE) entry.timer.arm(0);
  if ((old & VALID) !== 0) entry.table.tell(entry);
}
