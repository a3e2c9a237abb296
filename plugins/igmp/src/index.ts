// @protoloom/igmp: group management, version 3 with versions 2 and 1 for older routers: RFC 3376, RFC 2236, RFC 1112.
import {
  attach,
  CLOCK,
  DISSECTOR,
  definePlugin,
  ENTROPY,
  IFF_LOOPBACK,
  INTERFACES,
  type Interface,
  PACKETS,
  TIMERS,
  use,
} from '@protoloom/contracts';
import { ROUTES } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { GROUP_PROTOCOL, MEMBERSHIPS, type SourceFilter } from '@protoloom/contracts/multicast';
import { AF_INET, IPPROTO_IGMP } from '@protoloom/contracts/socket';
import { GroupReporter } from '@protoloom/mechanisms';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { Receiver } from './receive.js';
import { ALL_SYSTEMS, Sender } from './send.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export const igmp = definePlugin({
  name: '@protoloom/igmp',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    memberships: use(MEMBERSHIPS, '^1.0'),
  },
  attaches: {
    receive: attach(IP4_PROTOCOL, IPPROTO_IGMP, '^1.0'),
    groups: attach(GROUP_PROTOCOL, AF_INET, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ip', number: IPPROTO_IGMP }, '^1.0'),
  },
  counters,
  sysctls,
  interfaceSysctls,
  create({
    use: { clock, entropy, timers, packets, interfaces, routes, memberships },
    counters: count,
    sysctls: knobs,
    interfaceSysctls: interfaceKnobs,
    interfaceState,
  }) {
    const sender = new Sender({ packets, routes, counters: count });
    const reporters = interfaceState(
      (iface: Interface) =>
        new GroupReporter(
          { clock, timers, entropy },
          {
            current: 3,
            get forced() {
              return interfaceKnobs.of(iface).forcedVersion;
            },
            get robustness() {
              return knobs.robustness;
            },
            unsolicitedUs: (version) => (version === 3 ? interfaceKnobs.of(iface).v3Interval : interfaceKnobs.of(iface).v2Interval) * 1000,
            // 224.0.0.1 is everybody's: RFC 3376 §6.
            reports: (group) => group[3] !== ALL_SYSTEMS && (knobs.linkLocalReports !== 0 || (group[3] as number) >>> 8 !== 0xe0_0000),
            sendRecords: (records) => sender.records(iface, records),
            sendReport: (group, version) => sender.report(iface, group, version),
            sendLeave: (group, version) => sender.leave(iface, group, version),
          },
        ),
      { up: (_, reporter) => reporter.up(), down: (_, reporter) => reporter.down() },
    );
    const receiver = new Receiver({ counters: count, reporter: ({ iface }) => reporters.of(iface) });
    /** Within the host nobody needs to be told. */
    const changed = (iface: Interface, words: Int32Array, filter: SourceFilter): undefined => {
      if ((iface.flags & IFF_LOOPBACK) === 0) reporters.of(iface).changed(words, filter);
    };
    return {
      handlers: {
        receive: (packet) => receiver.receive(packet),
        groups: { changed },
        dissector,
      },
      /** What was joined before this plugin was there. */
      start() {
        for (const iface of interfaces.list) memberships.forEach(iface, AF_INET, (words, filter) => changed(iface, words, filter));
      },
      stop() {
        for (const iface of interfaces.list) reporters.of(iface).leaveAll();
      },
    };
  },
});

export { VERSION, wire };
