// A host with Ethernet and a listener above it, on a wire that the test writes to and reads from.
import {
  attach,
  definePlugin,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  ETHERTYPE,
  INTERFACES,
  type Interface,
  type Packet,
} from '@protoloom/contracts';
import { ETH_P_802_2, ethernet } from '@protoloom/ethernet';
import { plainFrame, Simulation } from '@protoloom/sim';

export const OURS = '02:00:00:00:00:01';
export const PEER = '02:00:00:00:00:02';
export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export const octets = (text: string): number[] =>
  text
    .split(/[\s:]+/)
    .filter((part) => part !== '')
    .flatMap((part) => part.match(/../g) ?? [])
    .map((pair) => Number.parseInt(pair, 16));

/** A frame: addresses in colon form, EtherType or length, payload in hex. */
export const frame = (destination: string, source: string, type: number, payload = ''): Uint8Array =>
  Uint8Array.from([...octets(destination), ...octets(source), type >> 8, type & 255, ...octets(payload)]);

/** An 802.3 frame whose length field says what the payload has, padded to 60 octets. */
export const lengthFrame = (destination: string, payload: string, source = PEER): Uint8Array => {
  const bytes = frame(destination, source, octets(payload).length, payload);
  const padded = new Uint8Array(Math.max(60, bytes.length));
  padded.set(bytes);
  return padded;
};

export interface Delivered {
  readonly protocol: number;
  readonly kind: number;
  readonly payload: string;
  readonly l2: number;
  readonly l3: number;
}

export function rig(sysctls: Record<string, number> = {}) {
  const delivered: Delivered[] = [];
  const record = (packet: Packet): undefined => {
    const payload = Array.from(packet.bytes.subarray(packet.head, packet.tail), (octet) => octet.toString(16).padStart(2, '0')).join('');
    delivered.push({ protocol: packet.protocol, kind: packet.kind, payload, l2: packet.l2, l3: packet.l3 });
    count?.();
  };
  let count: (() => void) | undefined;
  const above = definePlugin({
    name: 'above',
    version: '1.0.0',
    api: '^1.0.0',
    attaches: {
      ip: attach(ETHERTYPE, ETH_P_IP, '^1.0'),
      arp: attach(ETHERTYPE, ETH_P_ARP, '^1.0'),
      ip6: attach(ETHERTYPE, ETH_P_IPV6, '^1.0'),
      llc: attach(ETHERTYPE, ETH_P_802_2, '^1.0'),
    },
    counters: { delivered: { unit: 'packets', fate: 'delivered', doc: 'Seen.' } },
    create: ({ counters }) => {
      count = () => {
        counters.delivered++;
      };
      return { handlers: { ip: record, arp: record, ip6: record, llc: record } };
    },
  });
  const simulation = new Simulation();
  const stack = simulation.host({ plugins: [ethernet, above], sysctls });
  const device = simulation.device({ address: Uint8Array.from(octets(OURS)) });
  stack.link.add(device);
  stack.link.up('eth0');
  const iface = stack.service(INTERFACES).byName('eth0') as Interface;
  return {
    stack,
    iface,
    delivered,
    receive(bytes: Uint8Array): void {
      device.arrive(plainFrame(bytes));
      simulation.advance(0);
    },
    /** The counters of ours that have moved. */
    moved(): Record<string, number> {
      return Object.fromEntries(Object.entries(stack.counters.of('@protoloom/ethernet')).filter(([, value]) => value !== 0));
    },
  };
}
