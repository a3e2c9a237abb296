// A host with the neighbour machine and a resolution protocol that writes down what it is asked.
import { attach, definePlugin, INTERFACES, type Interface, PACKETS, type Packet } from '@protoloom/contracts';
import { RTN_BROADCAST, RTN_MULTICAST, RTN_UNICAST } from '@protoloom/contracts/ip';
import {
  NEIGHBOUR_EVENTS,
  NEIGHBOUR_FAMILY,
  NEIGHBOURS,
  type Neighbour,
  type NeighbourFamily,
  neighbourCounters,
  neighbourSysctls,
  neighbourThresholds,
} from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { ethernet } from '@protoloom/ethernet';
import { neighbour } from '@protoloom/neighbour';
import { Simulation } from '@protoloom/sim';
import { Ip4Address } from '@protoloom/wire';

export const words = (address: string): Int32Array => Ip4Address.parse(address).toWords();
export const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
export const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 10);
export const PEER = '192.0.2.9';
const SUBNET_BROADCAST = words('192.0.2.255')[3];

const stateNames: Record<number, string> = {
  0: 'NONE',
  1: 'INCOMPLETE',
  2: 'REACHABLE',
  4: 'STALE',
  8: 'DELAY',
  16: 'PROBE',
  32: 'FAILED',
  64: 'NOARP',
  128: 'PERMANENT',
};
export const stateOf = ({ state }: Neighbour): string | undefined => stateNames[state];

/** What the protocol and the listeners were told, in order. */
export type Told = string;

export function rig(sysctls: Record<string, number> = {}) {
  const told: Told[] = [];
  const sent: { destination: string; type: number; payload: number[] }[] = [];
  let failing: ((packet: Packet) => void) | undefined;
  const resolver = definePlugin({
    name: 'resolver',
    version: '1.0.0',
    api: '^1.0.0',
    attaches: { family: attach(NEIGHBOUR_FAMILY, AF_INET, '^1.0'), events: attach(NEIGHBOUR_EVENTS, '^1.0') },
    counters: neighbourCounters('arp_cache'),
    sysctls: {
      ...neighbourThresholds('ipv4'),
      evict: { path: 'net.test.evict', initial: 1, doc: 'Answer of evictsWithoutCarrier.' },
    },
    interfaceSysctls: neighbourSysctls('ipv4'),
    create({ counters, sysctls: values, interfaceSysctls }) {
      const family: NeighbourFamily = {
        family: AF_INET,
        etherType: 0x0800,
        parameters: (iface) => interfaceSysctls.of(iface),
        thresholds: values,
        counters,
        classify(_iface, address, at) {
          const word = address[at + 3] as number;
          if (word >>> 28 === 0xe) return RTN_MULTICAST;
          return word === SUBNET_BROADCAST || word === 0 ? RTN_BROADCAST : RTN_UNICAST;
        },
        evictsWithoutCarrier: () => values.evict === 1,
        solicit(_neighbour, packet, unicast): undefined {
          told.push(`solicit ${unicast ? 'unicast' : 'multicast'}${packet === undefined ? '' : ' with a packet'}`);
        },
        unreachable(_neighbour, packet): undefined {
          told.push(`unreachable ${packet.bytes[packet.head]}`);
          failing?.(packet);
        },
      };
      const events = (entry: Neighbour): undefined => {
        told.push(entry.dead ? 'removed' : (stateOf(entry) ?? ''));
      };
      return { handlers: { family, events } };
    },
  });
  const simulation = new Simulation();
  const stack = simulation.host({ plugins: [ethernet, neighbour, resolver], sysctls });
  const device = simulation.device({});
  device.onFrame = ({ bytes }) =>
    sent.push({
      destination: Array.from(bytes.subarray(0, 6)).join('.'),
      type: ((bytes[12] as number) << 8) | (bytes[13] as number),
      payload: Array.from(bytes.subarray(14)),
    });
  stack.link.add(device);
  stack.link.up('eth0');
  const iface = stack.service(INTERFACES).byName('eth0') as Interface;
  const neighbours = stack.service(NEIGHBOURS);
  const packets = stack.service(PACKETS);
  return {
    simulation,
    stack,
    device,
    iface,
    neighbours,
    sent,
    /** Calls what an unreachable packet meets. */
    onUnreachable(run: (packet: Packet) => void) {
      failing = run;
    },
    lookup: (address = PEER): Neighbour => neighbours.lookup(iface, AF_INET, words(address), 0),
    find: (address = PEER): Neighbour | undefined => neighbours.find(iface, AF_INET, words(address), 0),
    /** Sends a packet whose first octet is `mark`. */
    send(to: Neighbour, mark = 1, bytes = 1): void {
      stack.enter();
      const packet = packets.make(bytes);
      packet.bytes[packet.put(bytes)] = mark;
      packet.l3 = packet.head;
      to.output(packet);
      packets.done(packet);
    },
    update(to: Neighbour, address: Uint8Array | undefined, state: number, flags = 0): void {
      stack.enter();
      neighbours.update(to, address, 0, state, flags);
    },
    advanceMs(ms: number): void {
      simulation.advance(ms * 1000);
      stack.enter();
    },
    /** What was told since the last call. */
    told(): Told[] {
      return told.splice(0);
    },
    /** The counters that have moved. */
    moved(): Record<string, number> {
      return Object.fromEntries(Object.entries(stack.counters.of('resolver')).filter(([, value]) => value !== 0));
    },
  };
}
