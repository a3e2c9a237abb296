import { RTN_BLACKHOLE, RTN_PROHIBIT, RTN_UNREACHABLE } from '@protoloom/contracts/ip';
import { IP_MTU } from '@protoloom/contracts/ipv4';
import { AF_INET, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { FrameHost, HOST, icmp, PEER, tcp } from '@protoloom/frames';
import { SocketError, type Stack } from '@protoloom/stack';
import { expect } from 'chai';
import fc from 'fast-check';
import { PrefixTable } from '../dist/prefix-table.js';

/** The address that a datagram to `to` would have as its source; or why it cannot be sent. */
async function sourceTo(stack: Stack, to: string): Promise<string> {
  const socket = stack.socket(AF_INET, SOCK_DGRAM);
  try {
    await socket.connect({ address: to, port: 9 });
    return socket.getsockname().address ?? '';
  } catch (error) {
    return SocketError.is(error) ? error.code : String(error);
  } finally {
    await socket.close();
  }
}
const main = (stack: Stack): string[] =>
  stack.route
    .list()
    .filter(({ table }) => table === 'main')
    .map(({ destination, gateway, iface }) => `${destination} via ${gateway ?? 'link'} dev ${iface}`);
const local = (stack: Stack): string[] =>
  stack.route
    .list()
    .filter(({ table, iface }) => table === 'local' && iface === 'eth0')
    .map(({ destination, type }) => `${destination} type ${type}`)
    .sort();

describe('longest-prefix match', () => {
  it('agrees with looking at every prefix', () => {
    const words = fc.tuple(fc.integer(), fc.integer()).map(([a, b]) => Int32Array.of(0x20010db8, a & 0x3, 0, b & 0xf));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(words, fc.integer({ min: 0, max: 128 })), { maxLength: 30 }),
        fc.array(words, { maxLength: 10 }),
        (prefixes, asked) => {
          const table = new PrefixTable<{ bits: number; words: Int32Array }>(1, 2);
          const all: { bits: number; words: Int32Array }[] = [];
          const covers = (prefix: { bits: number; words: Int32Array }, address: Int32Array): boolean => {
            for (let bit = 0; bit < prefix.bits; bit++)
              if ((((prefix.words[bit >> 5] as number) ^ (address[bit >> 5] as number)) >>> (31 - (bit & 31))) & 1) return false;
            return true;
          };
          for (const [address, bits] of prefixes) {
            const prefix = { words: address, bits };
            if (all.some((other) => other.bits === bits && covers(other, address))) continue;
            table.set(address, bits, prefix);
            all.push(prefix);
          }
          for (const address of asked) {
            const best = all.filter((prefix) => covers(prefix, address)).sort((a, b) => b.bits - a.bits)[0];
            expect(table.match(address, 0)).to.equal(best);
          }
        },
      ),
    );
  });
});

describe('addresses and their routes', () => {
  it('come and go together: the address, its subnet, its broadcast address', () => {
    const { stack } = new FrameHost();
    expect(local(stack)).to.deep.equal(['10.0.0.2/32 type 2', '10.0.0.255/32 type 3']);
    expect(main(stack)).to.deep.equal(['10.0.0.0/24 via link dev eth0']);
    stack.link.down('eth0');
    expect([...local(stack), ...main(stack)]).to.deep.equal([]);
    stack.link.up('eth0');
    expect(main(stack)).to.deep.equal(['10.0.0.0/24 via link dev eth0']);
    stack.address.remove('eth0', '10.0.0.2/24');
    expect([...local(stack), ...main(stack)]).to.deep.equal([]);
  });

  it('have no broadcast address at /31 and /32 [RFC 3021]', () => {
    const { stack } = new FrameHost();
    stack.address.add('eth0', '192.0.2.0/31');
    stack.address.add('eth0', '192.0.2.9');
    expect(stack.address.list({ iface: 'eth0' }).map(({ address, broadcast }) => `${address} ${broadcast}`)).to.deep.equal([
      '10.0.0.2/24 10.0.0.255',
      '192.0.2.0/31 undefined',
      '192.0.2.9/32 undefined',
    ]);
  });

  it('are refused where they cannot be, with what is allowed', () => {
    const { stack } = new FrameHost({}, 1500, false);
    const refused = (cidr: string, iface = 'eth0') => {
      try {
        stack.address.add(iface, cidr);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'taken';
    };
    expect([
      refused('10.0.0.2/24'),
      refused('224.0.0.1/24'),
      refused('10.0.0.300/24'),
      refused('10.1.0.1/24', 'eth9'),
      refused('2001:db8::1/64'),
    ]).to.deep.equal(['EEXIST', 'EINVAL', 'EINVAL', 'ENODEV', 'EAFNOSUPPORT']);
    expect(() => stack.address.remove('eth0', '10.0.0.9/24')).to.throw('EADDRNOTAVAIL');
  });
});

describe('routes', () => {
  it('are chosen by the longest prefix, then by metric; sources by subnet [RFC 1122 §3.3.1.2, §3.3.4.3]', async () => {
    const { stack } = new FrameHost();
    stack.address.add('eth0', '10.9.0.1/16');
    stack.route.add({ destination: 'default', gateway: '10.0.0.1', metric: 5 });
    stack.route.add({ destination: '192.0.2.0/24', gateway: '10.9.0.9' });
    stack.route.add({ destination: '192.0.2.128/25', gateway: '10.0.0.1' });
    expect(await sourceTo(stack, '192.0.2.1')).to.equal('10.9.0.1');
    expect(await sourceTo(stack, '192.0.2.200')).to.equal('10.0.0.2');
    expect(await sourceTo(stack, '198.51.100.1')).to.equal('10.0.0.2');
    stack.route.add({ destination: 'default', gateway: '10.9.0.9', metric: 1 });
    expect(await sourceTo(stack, '198.51.100.1')).to.equal('10.9.0.1');
    stack.route.remove({ destination: 'default', metric: 1 });
    expect(await sourceTo(stack, '198.51.100.1')).to.equal('10.0.0.2');
    stack.route.replace({ destination: '192.0.2.0/24', gateway: '10.9.0.9', source: '10.0.0.2' });
    expect(await sourceTo(stack, '192.0.2.1')).to.equal('10.0.0.2');
  });

  it('of types that lead nowhere answer as Linux', async () => {
    const { stack } = new FrameHost();
    expect(await sourceTo(stack, '192.0.2.1')).to.equal('ENETUNREACH');
    stack.route.add({ destination: '192.0.2.1/32', type: RTN_BLACKHOLE });
    stack.route.add({ destination: '192.0.2.2/32', type: RTN_UNREACHABLE });
    stack.route.add({ destination: '192.0.2.3/32', type: RTN_PROHIBIT });
    expect(await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((to) => sourceTo(stack, to)))).to.deep.equal([
      'EINVAL',
      'EHOSTUNREACH',
      'EACCES',
    ]);
  });

  it('are refused where they cannot be', () => {
    const { stack } = new FrameHost();
    stack.route.add({ destination: '192.0.2.0/24', gateway: '10.0.0.1' });
    const refused = (spec: Parameters<typeof stack.route.add>[0], what: 'add' | 'remove' = 'add') => {
      try {
        stack.route[what](spec);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'taken';
    };
    expect(refused({ destination: '192.0.2.0/24', gateway: '10.0.0.1' })).to.equal('EEXIST');
    expect(refused({ destination: '192.0.3.0/24', gateway: '172.16.0.1' })).to.equal('ENETUNREACH');
    expect(refused({ destination: '192.0.3.0/24', gateway: '10.0.0.2' })).to.equal('EINVAL');
    expect(refused({ destination: '192.0.3.0/24', iface: 'eth9' })).to.equal('ENODEV');
    expect(refused({ destination: '192.0.3.0/24' })).to.equal('ENODEV');
    expect(refused({ destination: '192.0.3.1/24', gateway: '10.0.0.1' })).to.equal('EINVAL');
    expect(refused({ destination: '198.51.100.0/24' }, 'remove')).to.equal('ESRCH');
  });
});

describe('path MTU [RFC 1191]', () => {
  it('is learnt from a validated report, not below min_pmtu, and forgotten after mtu_expires', async () => {
    const host = new FrameHost();
    const { stack, sim } = host;
    const socket = stack.socket(AF_INET, SOCK_DGRAM);
    await socket.bind({ port: 5000 });
    await socket.connect({ address: PEER.join('.'), port: 9 });
    const report = (mtu: number): void => {
      const quoted = [
        ...tcp(5000, 9, 0, 0, 0, [], [], { source: HOST, destination: PEER }).slice(0, 9),
        17,
        0,
        0,
        ...HOST,
        ...PEER,
        0x13,
        0x88,
        0,
        9,
        0,
        8,
        0,
        0,
      ];
      host.receive(icmp(3, 4, [0, 0, mtu >> 8, mtu & 0xff], quoted));
    };
    expect(socket.getsockopt(0, IP_MTU)).to.equal(1500);
    report(1400);
    expect(socket.getsockopt(0, IP_MTU)).to.equal(1400);
    report(1450);
    expect(socket.getsockopt(0, IP_MTU)).to.equal(1400);
    report(100);
    expect(socket.getsockopt(0, IP_MTU)).to.equal(552);
    sim.advance(601e6);
    expect(socket.getsockopt(0, IP_MTU)).to.equal(1500);
  });
});
