// What the parts of Neighbor Discovery share.
import type { Clock, Counters, Entropy, Everyone, InterfaceSysctlValues, Log, Packets, SysctlValues, Timers } from '@protoloom/contracts';
import type { Addresses, RoutesControl } from '@protoloom/contracts/control';
import type { Icmp6Output } from '@protoloom/contracts/icmp';
import type { IpErrors, LocalAddresses, Routes } from '@protoloom/contracts/ip';
import type { AdvertisedResolvers, Ip6Links } from '@protoloom/contracts/ipv6';
import type { Memberships } from '@protoloom/contracts/multicast';
import type { Neighbours } from '@protoloom/contracts/neighbour';
import type { counters } from './counters.js';
import type { interfaceSysctls, sysctls } from './sysctls.js';

export interface NdContext {
  readonly use: {
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly timers: Timers;
    readonly log: Log;
    readonly packets: Packets;
    readonly neighbours: Neighbours;
    readonly routes: Routes;
    readonly addresses: LocalAddresses;
    readonly control: Addresses;
    readonly routesControl: RoutesControl;
    readonly links: Ip6Links;
    readonly memberships: Memberships;
    readonly errors: IpErrors;
    readonly icmp: Icmp6Output;
  };
  readonly points: { readonly resolvers: Everyone<(advertised: AdvertisedResolvers) => undefined> };
  readonly counters: Counters<typeof counters>;
  readonly sysctls: SysctlValues<typeof sysctls>;
  readonly interfaceSysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
}

/** Sysctls in force on an interface. */
export type NdSettings = SysctlValues<typeof interfaceSysctls>;
