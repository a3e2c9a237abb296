import {
  ETH_P_IP,
  IFF_ALLMULTI,
  IFF_PROMISC,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
} from '@protoloom/contracts';
import { ETH_P_802_2 } from '@protoloom/ethernet';
import { expect } from 'chai';
import { BROADCAST, frame, lengthFrame, OURS, octets, PEER, rig } from './rig.js';

const GROUP = '01:00:5e:01:02:03';
const setFlags = (iface: object, flags: number): void => {
  Object.assign(iface, { flags });
};

describe('receiving Ethernet frames', () => {
  it('delivers by EtherType, the header pulled and padding left to the layer above [RFC 894]', () => {
    const { receive, delivered, moved } = rig();
    receive(frame(OURS, PEER, ETH_P_IP, '4500 0000 0000'));
    expect(delivered).to.deep.equal([{ protocol: ETH_P_IP, kind: PACKET_HOST, payload: '450000000000', l2: 0, l3: 14 }]);
    expect(moved()).to.deep.equal({});
  });

  it('leaves unknown EtherTypes to the stack, which counts them', () => {
    const { receive, moved, stack } = rig();
    receive(frame(OURS, PEER, 0x88b5, '00'));
    expect(moved()).to.deep.equal({});
    expect(stack.conservation()).to.deep.include({ received: 1, fates: 1 });
  });

  for (const [what, source] of [
    ['all zero', '00:00:00:00:00:00'],
    ['broadcast', BROADCAST],
    ['of a group', GROUP],
  ] as const) {
    it(`drops a source address that is ${what}`, () => {
      const { receive, delivered, moved, iface } = rig();
      receive(frame(OURS, source, ETH_P_IP, '45'));
      expect(delivered).to.deep.equal([]);
      expect(moved()).to.deep.equal({ badSource: 1 });
      expect(iface.statistics.rxErrors).to.equal(1);
    });
  }

  it('classes broadcast and joined groups, and counts other groups', () => {
    const { receive, delivered, moved, iface } = rig();
    receive(frame(BROADCAST, PEER, ETH_P_IP, '45'));
    receive(frame(GROUP, PEER, ETH_P_IP, '45'));
    iface.joinGroup(Uint8Array.from(octets(GROUP)));
    iface.joinGroup(Uint8Array.from(octets(GROUP)));
    iface.leaveGroup(Uint8Array.from(octets(GROUP)));
    receive(frame(GROUP, PEER, ETH_P_IP, '45'));
    iface.leaveGroup(Uint8Array.from(octets(GROUP)));
    receive(frame(GROUP, PEER, ETH_P_IP, '45'));
    expect(delivered.map(({ kind }) => kind)).to.deep.equal([PACKET_BROADCAST, PACKET_MULTICAST]);
    expect(moved()).to.deep.equal({ otherGroup: 2 });
  });

  it('takes every group under IFF_ALLMULTI', () => {
    const { receive, delivered, iface } = rig();
    setFlags(iface, iface.flags | IFF_ALLMULTI);
    receive(frame(GROUP, PEER, ETH_P_IP, '45'));
    expect(delivered.map(({ kind }) => kind)).to.deep.equal([PACKET_MULTICAST]);
  });

  it('drops frames to other stations, and shows them as PACKET_OTHERHOST when promiscuous', () => {
    const { receive, delivered, moved, iface } = rig();
    receive(frame('02:00:00:00:00:09', PEER, ETH_P_IP, '45'));
    expect(delivered).to.deep.equal([]);
    setFlags(iface, iface.flags | IFF_PROMISC);
    receive(frame('02:00:00:00:00:09', PEER, ETH_P_IP, '45'));
    expect(delivered.map(({ kind }) => kind)).to.deep.equal([PACKET_OTHERHOST]);
    expect(moved()).to.deep.equal({ otherHost: 1 });
  });

  it('meets every truncation of a frame with one fate', () => {
    const { receive, stack } = rig();
    const whole = lengthFrame(OURS, 'aaaa03 000000 0800 45000000');
    for (let length = 0; length <= whole.length; length++) receive(whole.slice(0, length));
    expect(stack.counters.of('@protoloom/ethernet')).to.deep.include({ truncated: 14, badLength: 12 });
    expect(stack.conservation()).to.deep.include({ received: whole.length + 1, fates: whole.length + 1 });
    expect(stack.faults).to.deep.equal({});
  });
});

describe('802.3 frames', () => {
  it('hands LLC frames that nobody reads to ETH_P_802_2, their padding cut off, as Linux', () => {
    const { receive, delivered, moved } = rig();
    receive(lengthFrame(OURS, 'f0f0 03 0102'));
    expect(delivered).to.deep.equal([{ protocol: ETH_P_802_2, kind: PACKET_HOST, payload: 'f0f0030102', l2: 0, l3: 14 }]);
    expect(moved()).to.deep.equal({});
  });

  it('leaves SNAP frames of organisation 0 to ETH_P_802_2 by default, as Linux', () => {
    const { receive, delivered } = rig();
    receive(lengthFrame(OURS, 'aaaa03 000000 0800 45'));
    expect(delivered.map(({ protocol, payload }) => [protocol, payload])).to.deep.equal([[ETH_P_802_2, 'aaaa03000000080045']]);
  });

  for (const type of [0x0800, 0x0806, 0x86dd]) {
    it(`reads SNAP frames of organisation 0 as EtherType 0x${type.toString(16)} where net.ethernet.snap says so [RFC 1042]`, () => {
      const { receive, delivered, moved } = rig({ 'net.ethernet.snap': 1 });
      receive(lengthFrame(OURS, `aaaa03 000000 ${type.toString(16).padStart(4, '0')} 0102`));
      expect(delivered).to.deep.equal([{ protocol: type, kind: PACKET_HOST, payload: '0102', l2: 0, l3: 22 }]);
      expect(moved()).to.deep.equal({ inSnap: 1 });
    });
  }

  for (const [what, payload] of [
    ['another organisation', 'aaaa03 00000c 9999 01'],
    ['another control field', 'aaaa13 000000 0800 01'],
    ['a protocol identifier that is no EtherType', 'aaaa03 000000 0100 01'],
  ] as const) {
    it(`does not read SNAP frames with ${what} as an EtherType`, () => {
      const { receive, delivered } = rig({ 'net.ethernet.snap': 1 });
      receive(lengthFrame(OURS, payload));
      expect(delivered.map(({ protocol }) => protocol)).to.deep.equal([ETH_P_802_2]);
    });
  }

  for (const [what, bytes] of [
    ['beyond the frame', frame(OURS, PEER, 50, 'aaaa03')],
    ['between length and EtherType', frame(OURS, PEER, 1501, '00'.repeat(1501))],
    ['without room for an LLC header', frame(OURS, PEER, 2, '4242')],
  ] as const) {
    it(`drops a length ${what}`, () => {
      const { receive, delivered, moved } = rig();
      receive(bytes);
      expect(delivered).to.deep.equal([]);
      expect(moved()).to.deep.equal({ badLength: 1 });
    });
  }

  it('filters destinations of 802.3 frames too', () => {
    const { receive, delivered, moved } = rig();
    receive(lengthFrame('02:00:00:00:00:09', 'f0f0 03'));
    expect(delivered).to.deep.equal([]);
    expect(moved()).to.deep.equal({ otherHost: 1 });
  });
});

describe('layer 2 control protocols', () => {
  const CISCO = '01:00:0c:cc:cc:cc';
  for (const [counter, bytes] of [
    ['inStp', lengthFrame('01:80:c2:00:00:00', '424203 0000 00 00')],
    ['inIpx', lengthFrame(BROADCAST, 'ffff 0030')],
    ['inIpx', lengthFrame(BROADCAST, 'e0e003 ffff')],
    ['inIpx', lengthFrame(BROADCAST, 'aaaa03 000000 8137 ffff')],
    ['inIpx', frame(BROADCAST, PEER, 0x8137, 'ffff')],
    ['inCdp', lengthFrame(CISCO, 'aaaa03 00000c 2000 02b4')],
    ['inVtp', lengthFrame(CISCO, 'aaaa03 00000c 2003 0101')],
    ['inDtp', lengthFrame(CISCO, 'aaaa03 00000c 2004 01')],
    ['inUdld', lengthFrame(CISCO, 'aaaa03 00000c 0111 21')],
    ['inPvst', lengthFrame('01:00:0c:cc:cc:cd', 'aaaa03 00000c 010b 0000')],
  ] as const) {
    it(`${counter} counts its frame, whatever group it is for, and passes nothing up`, () => {
      const { receive, delivered, moved, stack } = rig({ 'net.ethernet.snap': 1 });
      receive(bytes);
      expect(delivered).to.deep.equal([]);
      expect(moved()).to.deep.equal({ [counter]: 1 });
      expect(stack.conservation()).to.deep.include({ received: 1, fates: 1 });
    });
  }
});
