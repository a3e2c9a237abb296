// A host of IPv6 and its extension headers alone, at the end of a link without addresses: packets go in by hand; what comes out, what a
// test transport has received, and the problems that its ICMP was to report are kept.
import { ARPHRD_NONE, attach, definePlugin, type Plugin, type SysctlValue } from '@protoloom/contracts';
import {
  ERROR_REPORTER,
  PROBLEM_INCOMPLETE_HEADERS,
  PROBLEM_PARAMETER,
  PROBLEM_REASSEMBLY_TIME,
  PROBLEM_UNKNOWN_HEADER,
  PROBLEM_UNKNOWN_OPTION,
} from '@protoloom/contracts/ip';
import { IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { TEST_TRANSPORT } from './golden.js';

type Octets = readonly number[];

/** Type and code of ICMPv6: RFC 4443 §3.3 and §3.4. */
const ICMP6 = new Map<number, string>([
  [PROBLEM_REASSEMBLY_TIME, 'time exceeded 1'],
  [PROBLEM_PARAMETER, 'parameter problem 0'],
  [PROBLEM_UNKNOWN_HEADER, 'parameter problem 1'],
  [PROBLEM_UNKNOWN_OPTION, 'parameter problem 2'],
  [PROBLEM_INCOMPLETE_HEADERS, 'parameter problem 3'],
]);

const PLUGINS = ['loopback', 'tun', 'ip', 'ipv6', 'ipv6-hop-by-hop', 'ipv6-destination-options', 'ipv6-routing', 'ipv6-fragment', 'udp'];

export class Ip6Host {
  readonly sim: Simulation;
  readonly stack: Stack;
  readonly device: SimDevice;
  /** What ICMP was asked to report: type and code, and the pointer. */
  readonly problems: (readonly [string, number])[] = [];
  /** Payloads that the test transport has received. */
  readonly received: Octets[] = [];
  readonly #sent: Uint8Array[] = [];

  /** 2001:db8::2/64 on `tun0`. @param without names of plugins, and `with` more of them. */
  constructor(
    options: {
      readonly without?: readonly string[];
      readonly with?: readonly Plugin[];
      readonly sysctls?: Readonly<Record<string, SysctlValue>>;
    } = {},
  ) {
    const { problems, received } = this;
    const test = definePlugin({
      name: 'test',
      version: '1.0.0',
      api: '^1.0.0',
      attaches: { reporter: attach(ERROR_REPORTER, AF_INET6, '^1.0'), transport: attach(IP6_PROTOCOL, TEST_TRANSPORT, '^1.0') },
      counters: { received: { unit: 'packets', fate: 'delivered', doc: 'Received.' } },
      create: ({ counters }) => ({
        handlers: {
          reporter: { report: (_, problem, info) => void problems.push([ICMP6.get(problem) ?? `${problem}`, info]) as undefined },
          transport(packet) {
            counters.received++;
            received.push([...packet.bytes.subarray(packet.head, packet.tail)]);
          },
        },
      }),
    });
    const names = PLUGINS.filter((name) => options.without?.includes(name) !== true).map((name) => `@protoloom/${name}`);
    const plugins = [...linuxHost.filter(({ name }) => names.includes(name)), test, ...(options.with ?? [])];
    this.sim = new Simulation(9);
    this.stack = this.sim.host({ plugins, sysctls: options.sysctls ?? {} });
    this.device = this.sim.device({ name: 'tun0', type: ARPHRD_NONE });
    this.device.onFrame = ({ bytes }) => void this.#sent.push(bytes);
    this.stack.link.add(this.device);
    this.stack.link.up('tun0');
    this.stack.address.add('tun0', '2001:db8::2/64');
  }

  receive(packet: Octets): void {
    this.device.arrive(plainFrame(Uint8Array.from(packet)));
    this.sim.advance(10);
  }

  /** Packets that have left since the last call. */
  sent(): Uint8Array[] {
    this.sim.advance(10);
    return this.#sent.splice(0);
  }

  /** Counters of a plugin that are not zero. */
  counts(plugin: string): Record<string, number> {
    return Object.fromEntries(Object.entries(this.stack.counters.of(plugin)).filter(([, value]) => value !== 0));
  }
}
