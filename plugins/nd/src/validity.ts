// What every message has to be before anything in it is believed: RFC 4861 §6.1, §7.1, §8.1.
import type { Packet } from '@protoloom/contracts';
import type { NdContext } from './context.js';
import { counters as spec } from './counters.js';
import { options, readOptions } from './options.js';
import * as wire from './wire.js';

export type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

/** Counts what becomes of the packet; dropped or not, it ends here. */
export function drop(nd: NdContext, packet: Packet, fate: Fate): undefined {
  nd.counters[fate]++;
  packet.reason = spec[fate].fate;
}

/** Checks a message whose fixed part has `bytes`, and reads its options. False: it is dropped, and why is counted. */
export function isValid(nd: NdContext, packet: Packet, bytes: number): boolean {
  const fate = refusal(packet, bytes, nd.interfaceSysctls.of(packet.iface).suppressFragNdisc === 1);
  if (fate !== undefined) drop(nd, packet, fate);
  return fate === undefined;
}

/** @param whole true: fragments are refused. */
function refusal({ view, head, tail, hopLimit, iface, fragmented }: Packet, bytes: number, whole: boolean): Fate | undefined {
  if (fragmented && whole) return 'fragmented';
  if (hopLimit !== wire.HOP_LIMIT) return 'hopLimit';
  if (wire.code(view, head) !== 0) return 'code';
  if (tail - head < bytes) return 'truncated';
  if (!readOptions(view, head + bytes, tail)) return 'badOption';
  const wanted = wire.linkAddressOptionBytes(iface.link.addressBytes);
  const { sourceLinkAddress: source, targetLinkAddress: target } = options;
  const fits = (option: number): boolean => option === 0 || wire.optionBytes(view, option) === wanted;
  return fits(source) && fits(target) ? undefined : 'linkAddressLength';
}
