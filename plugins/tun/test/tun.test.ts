import {
  ARPHRD_NONE,
  attach,
  definePlugin,
  ETH_P_IP,
  ETH_P_IPV6,
  ETHERTYPE,
  INTERFACES,
  type Interface,
  PACKET_HOST,
  type Packet,
} from '@protoloom/contracts';
import { plainFrame, Simulation } from '@protoloom/sim';
import { tun } from '@protoloom/tun';
import { expect } from 'chai';

function rig() {
  const delivered: { protocol: number; kind: number; l2: number; l3: number; head: number }[] = [];
  const above = definePlugin({
    name: 'above',
    version: '1.0.0',
    api: '^1.0.0',
    attaches: { ip: attach(ETHERTYPE, ETH_P_IP, '^1.0'), ip6: attach(ETHERTYPE, ETH_P_IPV6, '^1.0') },
    counters: { delivered: { unit: 'packets', fate: 'delivered', doc: 'Seen.' } },
    create({ counters }) {
      const record = ({ protocol, kind, l2, l3, head }: Packet): undefined => {
        counters.delivered++;
        delivered.push({ protocol, kind, l2, l3, head });
      };
      return { handlers: { ip: record, ip6: record } };
    },
  });
  const simulation = new Simulation();
  const stack = simulation.host({ plugins: [tun, above] });
  const device = simulation.device({ name: 'tun0', type: ARPHRD_NONE, address: new Uint8Array(0) });
  stack.link.add(device);
  stack.link.up('tun0');
  return {
    stack,
    delivered,
    iface: stack.service(INTERFACES).byName('tun0') as Interface,
    receive(...octets: number[]) {
      device.arrive(plainFrame(Uint8Array.from(octets)));
      simulation.advance(0);
    },
  };
}

describe('the L3 device', () => {
  it('delivers by the version nibble, no header pulled', () => {
    const { receive, delivered, stack } = rig();
    receive(0x45, 0, 0, 20);
    receive(0x60, 0, 0, 0);
    expect(delivered).to.deep.equal([
      { protocol: ETH_P_IP, kind: PACKET_HOST, l2: 0, l3: 0, head: 0 },
      { protocol: ETH_P_IPV6, kind: PACKET_HOST, l2: 0, l3: 0, head: 0 },
    ]);
    expect(stack.counters.of('@protoloom/tun')).to.deep.equal({ unknownVersion: 0 });
  });

  it('counts other versions, and nothing at all, as errors', () => {
    const { receive, delivered, stack, iface } = rig();
    for (const version of [0, 1, 2, 3, 5, 7, 8, 15]) receive((version << 4) | 5);
    receive();
    expect(delivered).to.deep.equal([]);
    expect(stack.counters.of('@protoloom/tun')).to.deep.equal({ unknownVersion: 9 });
    expect(iface.statistics.rxErrors).to.equal(9);
    expect(stack.conservation()).to.deep.include({ received: 9, fates: 9 });
  });

  it('has neither header nor addresses, and Linux flags', () => {
    const { iface, stack } = rig();
    expect(iface.link).to.deep.include({ headerBytes: 0, addressBytes: 0, broadcast: new Uint8Array(0) });
    expect(stack.link.list()[0]?.flags).to.deep.equal(['POINTOPOINT', 'MULTICAST', 'NOARP', 'UP', 'RUNNING']);
    expect(iface.link.groupAddress(Int32Array.of(0, 0, 0xffff, 0xe0000001 | 0), 0, new Uint8Array(0))).to.equal(false);
  });

  it('tells packets in words', () => {
    const { stack } = rig();
    expect(stack.dissect(Uint8Array.of(0x45), ARPHRD_NONE)[0]).to.deep.include({ name: 'TUN', text: 'version 4' });
    expect(stack.dissect(Uint8Array.of(0x15), ARPHRD_NONE).map(({ name }) => name)).not.to.include('TUN');
  });
});
