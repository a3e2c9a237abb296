// The groups of one socket: RFC 3678 §4 and §5, with the rules and errnos of Linux's ip_mc_join_group, ip_mc_source and ip_mc_msfilter.
import { ERRNO, type Interface } from '@protoloom/contracts';
import type { Membership, SourceFilter } from '@protoloom/contracts/multicast';
import { AF_INET, type SocketState } from '@protoloom/contracts/socket';
import { ANY_SOURCE, NO_SOURCE } from '@protoloom/mechanisms';
import { equalWords } from '@protoloom/wire';
import { familyOf, type Groups } from './groups.js';

/** A socket's memberships, and whether it takes what others have joined (IP_MULTICAST_ALL, IPV6_MULTICAST_ALL). */
export interface SocketGroups {
  readonly memberships: Membership[];
  takesAll: boolean;
  takesAll6: boolean;
}

export interface SocketGroupsContext {
  readonly groups: Groups;
  readonly limits: { readonly igmpMaxMemberships: number; readonly igmpMaxMsf: number; readonly mldMaxMsf: number };
  of(socket: SocketState): SocketGroups;
  /** The interface that a group is reached through where none was named. */
  interfaceFor(words: Int32Array): Interface | undefined;
}

/** A call as its option has been read: `iface` undefined where none was named. */
export interface GroupCall {
  /** Four words. */
  readonly group: Int32Array;
  readonly iface: Interface | undefined;
}

export class SocketGroupCalls {
  readonly #context: SocketGroupsContext;

  constructor(context: SocketGroupsContext) {
    this.#context = context;
  }

  /** IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, MCAST_JOIN_GROUP: from any source. */
  join(socket: SocketState, { group, iface }: GroupCall): number {
    return this.#join(socket, group, iface, true);
  }

  /** IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP, MCAST_LEAVE_GROUP: whatever the filter. */
  leave(socket: SocketState, { group, iface }: GroupCall): number {
    const { memberships } = this.#context.of(socket);
    const at = memberships.findIndex((one) => equalWords(one.words, 0, group, 0) && (iface === undefined || one.iface === iface));
    if (at < 0) return -ERRNO.EADDRNOTAVAIL;
    const [membership] = memberships.splice(at, 1);
    membership?.leave();
    return 0;
  }

  /** MCAST_JOIN_SOURCE_GROUP: one source more, the first of which joins. */
  allow(socket: SocketState, { group, iface }: GroupCall, source: Int32Array): number {
    const joined = this.#join(socket, group, iface, false);
    if (joined < 0 && joined !== -ERRNO.EADDRINUSE) return joined;
    return this.#source(socket, { group, iface }, source, false, true);
  }

  /** MCAST_LEAVE_SOURCE_GROUP: the last one leaves. */
  disallow(socket: SocketState, call: GroupCall, source: Int32Array): number {
    return this.#source(socket, call, source, false, false);
  }

  /** MCAST_BLOCK_SOURCE. */
  block(socket: SocketState, call: GroupCall, source: Int32Array): number {
    return this.#source(socket, call, source, true, true);
  }

  /** MCAST_UNBLOCK_SOURCE. */
  unblock(socket: SocketState, call: GroupCall, source: Int32Array): number {
    return this.#source(socket, call, source, true, false);
  }

  /** MCAST_MSFILTER, IP_MSFILTER: all of the filter at once; INCLUDE of nothing leaves. */
  setFilter(socket: SocketState, call: GroupCall, filter: SourceFilter): number {
    const { exclude, sources } = filter;
    const membership = this.#find(socket, call);
    if (typeof membership === 'number') return membership;
    if (sources.length > this.#mostSources(call.group)) return -ERRNO.ENOBUFS;
    if (!exclude && sources.length === 0) return this.leave(socket, { group: call.group, iface: membership.iface });
    membership.change(filter);
    return 0;
  }

  /** The same, as getsockopt(2) tells it; -EADDRNOTAVAIL where the socket is no member. */
  filter(socket: SocketState, call: GroupCall): SourceFilter | number {
    const membership = this.#find(socket, call);
    if (typeof membership !== 'number') return membership.filter;
    return membership === -ERRNO.EINVAL ? -ERRNO.EADDRNOTAVAIL : membership;
  }

  #join(socket: SocketState, group: Int32Array, named: Interface | undefined, exclude: boolean): number {
    const { groups, limits, of, interfaceFor } = this.#context;
    const iface = named ?? interfaceFor(group);
    if (iface === undefined) return -ERRNO.ENODEV;
    const { memberships } = of(socket);
    if (memberships.some((one) => one.iface === iface && equalWords(one.words, 0, group, 0))) return -ERRNO.EADDRINUSE;
    const ip4 = familyOf(group) === AF_INET;
    if (ip4 && memberships.filter(({ words }) => familyOf(words) === AF_INET).length >= limits.igmpMaxMemberships) return -ERRNO.ENOBUFS;
    memberships.push(groups.join(iface, group, 0, exclude ? ANY_SOURCE : NO_SOURCE));
    return 0;
  }

  /** Adds a source to a filter of this mode, or takes it out: as ip_mc_source. */
  #source(socket: SocketState, call: GroupCall, source: Int32Array, exclude: boolean, add: boolean): number {
    const membership = this.#find(socket, call);
    if (typeof membership === 'number') return membership;
    const { filter } = membership;
    // The mode may change only while the filter is empty.
    if (filter.exclude !== exclude && filter.sources.length > 0) return -ERRNO.EINVAL;
    const known = filter.sources.findIndex((one) => equalWords(one, 0, source, 0));
    if (add ? known >= 0 : known < 0) return -ERRNO.EADDRNOTAVAIL;
    if (add && filter.sources.length >= this.#mostSources(call.group)) return -ERRNO.ENOBUFS;
    const sources = add ? [...filter.sources, source] : filter.sources.filter((_, i) => i !== known);
    if (!exclude && sources.length === 0) return this.leave(socket, { group: call.group, iface: membership.iface });
    membership.change({ exclude, sources });
    return 0;
  }

  #find(socket: SocketState, { group, iface: named }: GroupCall): Membership | number {
    const iface = named ?? this.#context.interfaceFor(group);
    if (iface === undefined) return -ERRNO.ENODEV;
    const { memberships } = this.#context.of(socket);
    return memberships.find((one) => one.iface === iface && equalWords(one.words, 0, group, 0)) ?? -ERRNO.EINVAL;
  }

  #mostSources(group: Int32Array): number {
    const { limits } = this.#context;
    return familyOf(group) === AF_INET ? limits.igmpMaxMsf : limits.mldMaxMsf;
  }
}
