// What the parts of ARP share.
import type { Counters, InterfaceSysctlValues, Interfaces, Packets, SysctlValues } from '@protoloom/contracts';
import type { IpErrors, LocalAddresses, Routes } from '@protoloom/contracts/ip';
import type { Neighbours } from '@protoloom/contracts/neighbour';
import type { counters } from './counters.js';
import type { interfaceSysctls, sysctls } from './sysctls.js';

export interface ArpContext {
  readonly use: {
    readonly packets: Packets;
    readonly interfaces: Interfaces;
    readonly neighbours: Neighbours;
    readonly routes: Routes;
    readonly addresses: LocalAddresses;
    readonly errors: IpErrors;
  };
  readonly counters: Counters<typeof counters>;
  readonly sysctls: SysctlValues<typeof sysctls>;
  readonly interfaceSysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
}

/** Sysctls in force on an interface. */
export type ArpSettings = SysctlValues<typeof interfaceSysctls>;
