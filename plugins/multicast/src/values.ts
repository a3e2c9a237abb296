// How the membership options are written: records with text in them, or the octets of the structures of <netinet/in.h>.
import { ERRNO, type Interface, type Interfaces } from '@protoloom/contracts';
import { type LocalAddresses } from '@protoloom/contracts/ip';
import { MCAST_EXCLUDE, MCAST_INCLUDE, type SourceFilter } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6, type OptionValue } from '@protoloom/contracts/socket';
import { equalWords, Ip4Address, Ip6Address, isMulticastWords, isUnspecifiedWords, readIp4, readIp6 } from '@protoloom/wire';
import type { GroupCall } from './socket-groups.js';

export interface ValuesContext {
  readonly interfaces: Interfaces;
  readonly addresses: LocalAddresses;
}

/** A call with the source that it is about. */
export interface SourceCall extends GroupCall {
  readonly source: Int32Array;
}

/** A call with the filter that it sets. */
export interface FilterCall extends GroupCall {
  readonly filter: SourceFilter;
}

const MREQ_BYTES = 8;
const MSFILTER_BYTES = 16;
const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class Values {
  readonly #context: ValuesContext;

  constructor(context: ValuesContext) {
    this.#context = context;
  }

  /** `{ group, interface? }`, ip_mreq (8 octets), ip_mreqn (12) or ipv6_mreq (20); or a negative errno. */
  groupCall(family: number, value: OptionValue): GroupCall | number {
    if (value instanceof Uint8Array) return family === AF_INET ? this.#mreq(value) : this.#mreq6(value);
    if (typeof value !== 'object') return -ERRNO.EINVAL;
    return this.#call(family, value['group'], value['interface']);
  }

  /** `{ group, source, interface? }`, or ip_mreq_source (12 octets: group, interface, source); or a negative errno. */
  sourceCall(family: number, value: OptionValue): SourceCall | number {
    if (value instanceof Uint8Array) {
      if (family !== AF_INET || value.length < 12) return -ERRNO.EINVAL;
      const call = this.#mreq(value.subarray(0, 8));
      return typeof call === 'number' ? call : { ...call, source: word4(value, 8) };
    }
    if (typeof value !== 'object') return -ERRNO.EINVAL;
    const call = this.#call(family, value['group'], value['interface']);
    const source = parse(family, value['source']);
    if (typeof call === 'number') return call;
    return source === undefined ? -ERRNO.EINVAL : { ...call, source };
  }

  /** `{ group, interface?, mode, sources }`, or ip_msfilter (16 octets and 4 for each source); or a negative errno. */
  filterCall(family: number, value: OptionValue): FilterCall | number {
    if (typeof value !== 'object') return -ERRNO.EINVAL;
    const isOctets = value instanceof Uint8Array;
    if (isOctets && (family !== AF_INET || value.length < MSFILTER_BYTES)) return -ERRNO.EINVAL;
    const call = this.groupCall(family, isOctets ? value.subarray(0, MREQ_BYTES) : value);
    if (typeof call === 'number') return call;
    const mode = isOctets ? native32(value, MREQ_BYTES) : value['mode'];
    const sources = isOctets ? sourcesIn(value) : sourcesOf(family, value['sources']);
    if (sources === undefined || (mode !== MCAST_EXCLUDE && mode !== MCAST_INCLUDE)) return -ERRNO.EINVAL;
    return { ...call, filter: { exclude: mode === MCAST_EXCLUDE, sources } };
  }

  /** A filter as getsockopt(2) tells it. */
  filterValue(family: number, { exclude, sources }: SourceFilter): OptionValue {
    const text = (words: Int32Array): string => (family === AF_INET6 ? Ip6Address : Ip4Address).fromWords(words, 0).toString();
    return { mode: exclude ? MCAST_EXCLUDE : MCAST_INCLUDE, sources: sources.map(text) };
  }

  #call(family: number, text: unknown, named: unknown): GroupCall | number {
    const group = parse(family, text);
    return group === undefined ? -ERRNO.EINVAL : this.#checked(group, this.#interface(family, named));
  }

  #mreq(octets: Uint8Array): GroupCall | number {
    if (octets.length < 8) return -ERRNO.EINVAL;
    const address = word4(octets, 4);
    const index = octets.length >= 12 ? native32(octets, 8) : 0;
    return this.#checked(word4(octets, 0), index !== 0 ? this.#byIndex(index) : this.#byAddress(AF_INET, address));
  }

  #mreq6(octets: Uint8Array): GroupCall | number {
    if (octets.length < 20) return -ERRNO.EINVAL;
    const group = new Int32Array(4);
    readIp6(new DataView(octets.buffer, octets.byteOffset), 0, group, 0);
    return this.#checked(group, this.#byIndex(native32(octets, 16)));
  }

  #checked(group: Int32Array, iface: Interface | number | undefined): GroupCall | number {
    if (!isMulticastWords(group, 0)) return -ERRNO.EINVAL;
    return typeof iface === 'number' ? iface : { group, iface };
  }

  /** A name, an index, or an address of the interface; none or 0: whichever the group is reached through. */
  #interface(family: number, named: unknown): Interface | number | undefined {
    if (named === undefined) return undefined;
    if (typeof named === 'number') return this.#byIndex(named);
    if (typeof named !== 'string') return -ERRNO.EINVAL;
    const address = parse(family, named);
    return address === undefined ? (this.#context.interfaces.byName(named) ?? -ERRNO.ENODEV) : this.#byAddress(family, address);
  }

  #byIndex(index: number): Interface | number | undefined {
    return index === 0 ? undefined : (this.#context.interfaces.byIndex(index) ?? -ERRNO.ENODEV);
  }

  #byAddress(family: number, address: Int32Array): Interface | number | undefined {
    if (isUnspecifiedWords(address, 0)) return undefined;
    const { interfaces, addresses } = this.#context;
    const has = (iface: Interface): boolean => addresses.of(iface, family).some(({ words }) => equalWords(words, 0, address, 0));
    return interfaces.list.find(has) ?? -ERRNO.ENODEV;
  }
}

function parse(family: number, text: unknown): Int32Array | undefined {
  if (typeof text !== 'string') return undefined;
  return family === AF_INET6 ? Ip6Address.tryParse(text)?.toWords() : Ip4Address.tryParse(text)?.toWords();
}

function word4(octets: Uint8Array, at: number): Int32Array {
  const words = new Int32Array(4);
  readIp4(new DataView(octets.buffer, octets.byteOffset), at, words, 0);
  return words;
}

/** An int as the host's C has it. */
const native32 = (octets: Uint8Array, at: number): number => new DataView(octets.buffer, octets.byteOffset).getInt32(at, HOST_IS_LITTLE);

/** Addresses as text; undefined: they are none. */
function sourcesOf(family: number, texts: unknown): Int32Array[] | undefined {
  if (!Array.isArray(texts)) return undefined;
  const sources = texts.map((text: unknown) => parse(family, text));
  return sources.some((source) => source === undefined) ? undefined : (sources as Int32Array[]);
}

/** The sources of ip_msfilter; undefined: fewer than it says. */
function sourcesIn(octets: Uint8Array): Int32Array[] | undefined {
  const count = native32(octets, MSFILTER_BYTES - 4);
  if (count < 0 || octets.length < MSFILTER_BYTES + 4 * count) return undefined;
  return Array.from({ length: count }, (_, i) => word4(octets, MSFILTER_BYTES + 4 * i));
}
