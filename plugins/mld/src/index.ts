// @protoloom/mld: multicast listener discovery, version 2 with version 1 for older routers: RFC 3810, RFC 2710.
import { attach, CLOCK, definePlugin, ENTROPY, IFF_LOOPBACK, INTERFACES, type Interface, PACKETS, TIMERS, use } from '@protoloom/contracts';
import { ICMP6_TYPE } from '@protoloom/contracts/icmp';
import { ADDRESS_EVENTS, LOCAL_ADDRESSES, ROUTES, RT_SCOPE_LINK } from '@protoloom/contracts/ip';
import { GROUP_PROTOCOL, MEMBERSHIPS, type SourceFilter } from '@protoloom/contracts/multicast';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { GroupReporter } from '@protoloom/mechanisms';
import { counters } from './counters.js';
import { Receiver } from './receive.js';
import { Sender } from './send.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

/** Groups of one node or of none are not told of, nor ff02::1: RFC 3810 §6. */
const reports = (group: Int32Array): boolean => {
  const scope = ((group[0] as number) >>> 16) & 0xf;
  return scope >= 2 && !(scope === 2 && (group[0] as number) >>> 0 === 0xff02_0000 && group[1] === 0 && group[2] === 0 && group[3] === 1);
};

export const mld = definePlugin({
  name: '@protoloom/mld',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HOP_BY_HOP.length,
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    addresses: use(LOCAL_ADDRESSES, '^1.0'),
    memberships: use(MEMBERSHIPS, '^1.0'),
  },
  attaches: {
    query: attach(ICMP6_TYPE, wire.MLD_QUERY, '^1.0'),
    report: attach(ICMP6_TYPE, wire.MLD_REPORT, '^1.0'),
    done: attach(ICMP6_TYPE, wire.MLD_DONE, '^1.0'),
    report2: attach(ICMP6_TYPE, wire.MLD2_REPORT, '^1.0'),
    groups: attach(GROUP_PROTOCOL, AF_INET6, '^1.0'),
    addressEvents: attach(ADDRESS_EVENTS, '^1.0'),
  },
  counters,
  sysctls,
  interfaceSysctls,
  create({
    use: { clock, entropy, timers, packets, interfaces, routes, addresses, memberships },
    counters: count,
    sysctls: knobs,
    interfaceSysctls: interfaceKnobs,
    interfaceState,
  }) {
    const sender = new Sender({ packets, routes, addresses, counters: count });
    const reporters = interfaceState(
      (iface: Interface) =>
        new GroupReporter(
          { clock, timers, entropy },
          {
            current: 2,
            get forced() {
              return interfaceKnobs.of(iface).forcedVersion;
            },
            get robustness() {
              return knobs.robustness;
            },
            unsolicitedUs: (version) => (version === 2 ? interfaceKnobs.of(iface).v2Interval : interfaceKnobs.of(iface).v1Interval) * 1000,
            reports,
            sendRecords: (records) => sender.records(iface, records),
            sendReport: (group) => sender.report(iface, group),
            sendLeave: (group) => sender.done(iface, group),
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
        query: (packet) => receiver.query(packet),
        report: (packet) => receiver.report(packet),
        done: (packet) => receiver.end(packet, 'inDones'),
        report2: (packet) => receiver.end(packet, 'inReports2'),
        groups: { changed },
        addressEvents: {
          // With an address to leave from, what could not be told is told: RFC 3810 §5.2.13.
          added(address) {
            if (address.family === AF_INET6 && address.scope === RT_SCOPE_LINK) reporters.of(address.iface).up();
            return undefined;
          },
        },
      },
      /** What was joined before this plugin was there. */
      start() {
        for (const iface of interfaces.list) memberships.forEach(iface, AF_INET6, (words, filter) => changed(iface, words, filter));
      },
      stop() {
        for (const iface of interfaces.list) reporters.of(iface).leaveAll();
      },
    };
  },
});

export { VERSION, wire };
