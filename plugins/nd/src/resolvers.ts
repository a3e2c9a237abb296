// DNS servers and search domains that routers tell of, read and handed on: RFC 8106 §5. An option that is not as it should be is passed over.
import type { Interface } from '@protoloom/contracts';
import type { AdvertisedResolvers } from '@protoloom/contracts/ipv6';
import { Ip6Address, isLinkLocalWords } from '@protoloom/wire';
import * as wire from './wire.js';

const FOREVER_S = 0xffff_ffff;
const ADDRESS_BYTES = 16;
/** RFC 1035 §3.1: of a label, and of a name. */
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;

const lifetime = (view: DataView, at: number): number => {
  const seconds = wire.resolverLifetime(view, at);
  return seconds === FOREVER_S ? Number.POSITIVE_INFINITY : seconds;
};

/** An RDNSS option: whole addresses, one at least (RFC 8106 §5.3.1). Undefined: it is none. */
export function readServers(iface: Interface, view: DataView, bytes: Uint8Array, at: number): AdvertisedResolvers | undefined {
  const room = wire.optionBytes(view, at) - wire.RESOLVER_BYTES;
  if (room < ADDRESS_BYTES || room % ADDRESS_BYTES !== 0) return undefined;
  const servers: string[] = [];
  for (let i = 0; i < room; i += ADDRESS_BYTES) {
    const address = Ip6Address.fromBytes(bytes, at + wire.RESOLVER_BYTES + i);
    servers.push(`${address}${isLinkLocalWords(address.toWords(), 0) ? `%${iface.name}` : ''}`);
  }
  return { iface, servers, domains: [], lifetime: lifetime(view, at) };
}

/** A DNSSL option: names of labels without compression, then zeros (RFC 8106 §5.2). Undefined: it is none. */
export function readDomains(iface: Interface, view: DataView, bytes: Uint8Array, at: number): AdvertisedResolvers | undefined {
  const end = at + wire.optionBytes(view, at);
  const domains: string[] = [];
  for (let from = at + wire.RESOLVER_BYTES; from < end && bytes[from] !== 0; ) {
    const labels: string[] = [];
    const start = from;
    for (;;) {
      const length = bytes[from] ?? 0;
      if (from >= end || length > MAX_LABEL_BYTES || from + length >= end || from - start > MAX_NAME_BYTES) return undefined;
      if (length === 0) break;
      labels.push(String.fromCharCode(...bytes.subarray(from + 1, from + 1 + length)));
      from += 1 + length;
    }
    from++;
    if (!labels.every((label) => /^[\w-]+$/.test(label))) return undefined;
    domains.push(labels.join('.'));
  }
  return domains.length === 0 ? undefined : { iface, servers: [], domains, lifetime: lifetime(view, at) };
}
