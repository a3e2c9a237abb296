// @protoloom/linux: the whole host: every plugin assembled, with Linux's defaults.
import { arp } from '@protoloom/arp';
import type { Plugin } from '@protoloom/contracts';
import { ethernet } from '@protoloom/ethernet';
import { icmpv4 } from '@protoloom/icmpv4';
import { icmpv6 } from '@protoloom/icmpv6';
import { igmp } from '@protoloom/igmp';
import { ip } from '@protoloom/ip';
import { ipv4 } from '@protoloom/ipv4';
import { ipv6 } from '@protoloom/ipv6';
import { ipv6DestinationOptions } from '@protoloom/ipv6-destination-options';
import { ipv6Fragment } from '@protoloom/ipv6-fragment';
import { ipv6HopByHop } from '@protoloom/ipv6-hop-by-hop';
import { ipv6Routing } from '@protoloom/ipv6-routing';
import { loopback } from '@protoloom/loopback';
import { mld } from '@protoloom/mld';
import { multicast } from '@protoloom/multicast';
import { nd } from '@protoloom/nd';
import { neighbour } from '@protoloom/neighbour';
import { tcp } from '@protoloom/tcp';
import { tcpCubic } from '@protoloom/tcp-cubic';
import { tcpNewreno } from '@protoloom/tcp-newreno';
import { tcpReno } from '@protoloom/tcp-reno';
import { tun } from '@protoloom/tun';
import { udp } from '@protoloom/udp';

/** Every plugin of ours that is IPv4’s alone: without them a host speaks IPv6. */
export const ipv4Plugins: readonly Plugin[] = Object.freeze([arp, ipv4, icmpv4, igmp]);

/** Every plugin of ours that is IPv6’s alone: without them a host speaks IPv4. */
export const ipv6Plugins: readonly Plugin[] = Object.freeze([
  ipv6,
  ipv6HopByHop,
  ipv6DestinationOptions,
  ipv6Routing,
  ipv6Fragment,
  icmpv6,
  mld,
  nd,
]);

/** Every plugin of ours. A list to be added to: `[...linuxHost, myPlugin]`. */
export const linuxHost: readonly Plugin[] = Object.freeze([
  ethernet,
  loopback,
  tun,
  neighbour,
  ip,
  multicast,
  ...ipv4Plugins,
  ...ipv6Plugins,
  udp,
  tcp,
  tcpCubic,
  tcpReno,
  tcpNewreno,
]);

export { VERSION } from './version.js';
