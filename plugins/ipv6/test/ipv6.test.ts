import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { ethernet, FrameHost } from '@protoloom/frames';
import { wire } from '@protoloom/ipv6';
import { expect } from 'chai';

const address = (first: readonly number[], last: number): number[] => [...first, ...new Array<number>(15 - first.length).fill(0), last];
const OURS = address([0x20, 1, 0x0d, 0xb8], 2);
const THEIRS = address([0x20, 1, 0x0d, 0xb8], 1);
const LOOPBACK = address([], 1);
/** What a test transport of the host does not know either. */
const UNKNOWN = 253;

interface Header {
  readonly version?: number;
  readonly length?: number;
  readonly next?: number;
  readonly hops?: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
}
function ip6(payload: readonly number[], header: Header = {}): number[] {
  const { version = 6, length = payload.length, next = UNKNOWN, hops = 64, source = THEIRS, destination = OURS } = header;
  return [version << 4, 0, 0, 0, length >> 8, length & 0xff, next, hops, ...source, ...destination, ...payload];
}

function rig(): FrameHost {
  const host = new FrameHost();
  host.stack.address.add('eth0', '2001:db8::2/64', { noDad: true });
  host.settle('ipv6');
  return host;
}

describe('receiving IPv6', () => {
  const cases: readonly (readonly [string, number[], Record<string, number>])[] = [
    ['a version other than 6 [RFC 8200 §3]', ip6([1, 2], { version: 4 }), { malformed: 1, inNoEctPkts: 0 }],
    ['less than a header [RFC 8200 §3]', ip6([]).slice(0, 39), { malformed: 1, inNoEctPkts: 0 }],
    ['more octets promised than there are [RFC 8200 §3]', ip6([1, 2], { length: 3 }), { truncated: 1 }],
    ['a source that is a group [RFC 4291 §2.7]', ip6([], { source: address([0xff, 2], 1) }), { malformed: 1 }],
    ['a loopback source from a wire [RFC 4291 §2.5.3]', ip6([], { source: LOOPBACK }), { malformed: 1 }],
    ['a loopback destination from a wire [RFC 4291 §2.5.3]', ip6([], { destination: LOOPBACK }), { malformed: 1 }],
    ['a group of one node alone, from a wire [RFC 4291 §2.7]', ip6([], { destination: address([0xff, 1], 1) }), { malformed: 1 }],
    ['another host’s address [RFC 8200 §3]', ip6([], { destination: THEIRS }), { notForUs: 1 }],
    [
      'a group that nobody has joined [RFC 4291 §2.8]',
      ip6([], { destination: address([0xff, 2], 9) }),
      { notMember: 1, inMcastPkts: 1, inMcastOctets: 40 },
    ],
    ['what No Next Header ends, whatever is behind it [RFC 8200 §4.7]', ip6([1, 2], { next: 59 }), { noNextHeader: 1 }],
  ];
  for (const [what, packet, expected] of cases) {
    it(`drops ${what}, and counts it once`, () => {
      const host = rig();
      host.frame(ethernet(host.mac, 0x86dd, packet, false));
      const all = { inReceives: 1, inOctets: packet.length, inNoEctPkts: 1, ...expected };
      expect(host.counts('ipv6')).to.deep.equal(Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0)));
      expect(host.sent()).to.deep.equal([]);
      expect(host.stack.conservation()).to.deep.equal({ received: 1, made: 0, fates: 1, inHand: 0 });
    });
  }

  it('drops unicast packets in multicast frames with drop_unicast_in_l2_multicast', () => {
    const host = rig();
    host.stack.sysctl.set('net.ipv6.conf.eth0.drop_unicast_in_l2_multicast', 1);
    host.frame(ethernet([0x33, 0x33, 0, 0, 0, 1], 0x86dd, ip6([1, 2]), false));
    expect(host.counts('ipv6')).to.include({ unicastInGroup: 1 });
    expect(host.stack.conservation()).to.deep.equal({ received: 1, made: 0, fates: 1, inHand: 0 });
  });

  it('counts what comes by its ECN field [RFC 3168 §5]', () => {
    for (const [field, counter] of ['inNoEctPkts', 'inEct1Pkts', 'inEct0Pkts', 'inCePkts'].entries()) {
      const host = rig();
      const packet = ip6([1, 2], { next: 59 });
      packet[1] = field << 4;
      host.frame(ethernet(host.mac, 0x86dd, packet, false));
      expect(host.counts('ipv6')).to.deep.equal({ inReceives: 1, inOctets: 42, [counter]: 1, noNextHeader: 1 });
    }
  });

  it('takes a hop limit of 0 at the destination, and leaves the link’s padding behind [RFC 8200 §3]', () => {
    const host = rig();
    host.frame(ethernet(host.mac, 0x86dd, [...ip6([1, 2], { next: 17, hops: 0, length: 2 }), 0, 0, 0], false));
    expect(host.counts('ipv6')).to.deep.equal({ inReceives: 1, inOctets: 45, inNoEctPkts: 1, inDelivers: 1 });
  });
});

describe('IPv6 within the host', () => {
  it('carries datagrams over ::1, source and destination alike [RFC 4291 §2.5.3]', () => {
    const host = rig();
    const receiver = host.stack.socket(AF_INET6, SOCK_DGRAM);
    void receiver.bind({ address: '::1', port: 9 });
    const sender = host.stack.socket(AF_INET6, SOCK_DGRAM);
    void sender.connect({ address: '::1', port: 9 });
    void sender.send(Uint8Array.of(1, 2, 3));
    host.sim.advance(10);
    const { inDelivers, outRequests } = host.counts('ipv6');
    expect({ inDelivers, outRequests }).to.deep.equal({ inDelivers: 1, outRequests: 1 });
  });
});

describe('the IPv6 header', () => {
  it('is as RFC 8200 §3 draws it', () => {
    const bytes = new Uint8Array(40);
    const view = new DataView(bytes.buffer);
    wire.writeHeader(view, 0, 0xab, 0xc1234, 0x1234, 6, 64);
    expect([...bytes.subarray(0, 8)]).to.deep.equal([0x6a, 0xbc, 0x12, 0x34, 0x12, 0x34, 6, 64]);
    expect(wire.trafficClass(view, 0)).to.equal(0xab);
    expect(wire.flowLabel(view, 0)).to.equal(0xc1234);
  });
});
