import {
  ARPHRD_LOOPBACK,
  attach,
  CSUM_PARTIAL,
  definePlugin,
  ETH_P_IP,
  ETHERTYPE,
  INTERFACES,
  type Interface,
  LINK_INPUT,
  PACKET_HOST,
  PACKETS,
  type Packet,
} from '@protoloom/contracts';
import { loopback, wire } from '@protoloom/loopback';
import { Simulation } from '@protoloom/sim';
import { expect } from 'chai';

function rig() {
  const delivered: Record<string, unknown>[] = [];
  const above = definePlugin({
    name: 'above',
    version: '1.0.0',
    api: '^1.0.0',
    attaches: { ip: attach(ETHERTYPE, ETH_P_IP, '^1.0') },
    counters: { delivered: { unit: 'packets', fate: 'delivered', doc: 'Seen.' } },
    create: ({ counters }) => ({
      handlers: {
        ip(packet: Packet): undefined {
          counters.delivered++;
          const { kind, protocol, gsoKind, gsoSegments, csum, iface, owner, fragmentCount } = packet;
          const payload = Array.from(packet.bytes.subarray(packet.head, packet.tail));
          delivered.push({ kind, protocol, gsoKind, gsoSegments, csum, iface: iface.name, owner, fragmentCount, payload });
        },
      },
    }),
  });
  const simulation = new Simulation();
  const stack = simulation.host({ plugins: [loopback, above] });
  const iface = stack.service(INTERFACES).byName('lo') as Interface;
  const packets = stack.service(PACKETS);
  /** A packet with its link header, as a next hop leaves it. */
  const make = (...octets: number[]): Packet => {
    const packet = packets.make(octets.length);
    packet.bytes.set(octets, packet.put(octets.length));
    const at = packet.push(wire.HEADER_BYTES);
    iface.link.writeHeader(iface, ETH_P_IP, new Uint8Array(0), 0, packet.bytes, at);
    packet.l2 = at;
    return packet;
  };
  return { simulation, stack, iface, packets, delivered, make };
}

const plain = {
  kind: PACKET_HOST,
  protocol: ETH_P_IP,
  gsoKind: 0,
  gsoSegments: 1,
  csum: 0,
  iface: 'lo',
  owner: undefined,
  fragmentCount: 0,
};

describe('lo', () => {
  it('is there and up after the start, with what Linux gives it', () => {
    const { stack } = rig();
    expect(stack.link.list()).to.have.length(1);
    expect(stack.link.list()[0]).to.deep.include({
      name: 'lo',
      mtu: 65_536,
      address: '00:00:00:00:00:00',
      flags: ['LOOPBACK', 'UP', 'RUNNING'],
    });
  });

  it('is gone after the stop', async () => {
    const { stack } = rig();
    expect(await stack.stop()).to.deep.equal([]);
    expect(stack.service(INTERFACES).list).to.deep.equal([]);
  });

  it('gives back what is sent, in a later call than the sender’s, and counts it as made', () => {
    const { simulation, stack, iface, packets, delivered, make } = rig();
    const packet = make(0x45, 1, 2);
    iface.transmit(packet);
    packets.done(packet);
    expect(delivered).to.deep.equal([]);
    expect(stack.conservation()).to.deep.equal({ received: 0, made: 1, fates: 0, inHand: 1 });
    simulation.advance(0);
    expect(delivered).to.deep.equal([{ ...plain, payload: [0x45, 1, 2] }]);
    expect(stack.counters.of('@protoloom/loopback')).to.deep.equal({ looped: 1, truncated: 0 });
    expect(stack.conservation()).to.deep.equal({ received: 0, made: 1, fates: 1, inHand: 0 });
    expect(stack.packetsInHand).to.equal(0);
  });

  it('loops a super-segment whole, its checksum left partial and its fragments gathered', () => {
    const { simulation, iface, packets, delivered, make } = rig();
    const packet = make(0x45);
    packet.append(Uint8Array.of(7, 8, 9), 1, 2);
    packet.protocol = ETH_P_IP;
    packet.gsoKind = 1;
    packet.gsoSize = 1;
    packet.gsoSegments = 2;
    packet.csum = CSUM_PARTIAL;
    packet.csumStart = packet.head + wire.HEADER_BYTES;
    iface.transmit(packet);
    packets.done(packet);
    simulation.advance(0);
    expect(delivered).to.deep.equal([{ ...plain, gsoKind: 1, gsoSegments: 2, csum: CSUM_PARTIAL, payload: [0x45, 8, 9] }]);
  });

  it('frees the sender’s buffer when it takes the packet', () => {
    const { iface, packets, make } = rig();
    const released: number[] = [];
    const packet = make(0x45);
    packet.owner = { packetReleased: (bytes) => released.push(bytes) };
    packet.charge = 100;
    iface.transmit(packet);
    expect(released).to.deep.equal([100]);
    packets.done(packet);
    expect(released).to.deep.equal([100]);
  });

  it('loops a copy of what its sender keeps', () => {
    const { simulation, stack, iface, delivered, make } = rig();
    const packet = make(0x45).take();
    iface.transmit(packet);
    simulation.advance(0);
    expect(delivered).to.deep.equal([{ ...plain, payload: [0x45] }]);
    expect(stack.packetsInHand).to.equal(1);
    packet.release();
    expect(stack.packetsInHand).to.equal(0);
  });

  it('counts frames that are shorter than the header', () => {
    const { simulation, stack, iface, packets, delivered } = rig();
    const packet = packets.make(3);
    packet.put(3);
    packet.iface = iface;
    stack.service(LINK_INPUT).enqueue(packet);
    simulation.advance(0);
    expect(delivered).to.deep.equal([]);
    expect(stack.counters.of('@protoloom/loopback')).to.deep.equal({ looped: 0, truncated: 1 });
  });

  it('tells frames in words', () => {
    const { stack } = rig();
    const frame = new Uint8Array(14);
    frame[12] = 8;
    expect(stack.dissect(frame, ARPHRD_LOOPBACK)[0]).to.deep.include({ name: 'Loopback', text: 'type 0x0800' });
    expect(stack.dissect(frame.subarray(1), ARPHRD_LOOPBACK).map(({ name }) => name)).not.to.include('Loopback');
  });
});
