import { ADDRESS_LABELS, type AddressOptions } from '@protoloom/contracts/control';
import { IPV6_ADDR_PREFERENCES, IPV6_PREFER_SRC_PUBLIC, IPV6_PREFER_SRC_TMP } from '@protoloom/contracts/ipv6';
import { AF_INET6, IPPROTO_IPV6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { FrameHost } from '@protoloom/frames';
import { expect } from 'chai';

/** An address, with what it is: `2001:db8::1/64 temporary deprecated`. */
function add({ stack }: FrameHost, described: string): void {
  const [address = '', ...flags] = described.split(' ');
  const options: AddressOptions = { noDad: true, temporary: flags.includes('temporary') };
  stack.address.add('eth0', address, flags.includes('deprecated') ? { ...options, preferredLifetime: 0 } : options);
}

function hostWith(addresses: readonly string[], useTempaddr = 0): FrameHost {
  const host = new FrameHost({ 'net.ipv6.conf.eth0.use_tempaddr': useTempaddr });
  for (const address of addresses) add(host, address);
  host.stack.route.add({ destination: 'default', iface: 'eth0', family: 'inet6' });
  return host;
}

/** The source that is chosen towards `destination`. @param preferences IPV6_PREFER_SRC_*. */
async function sourceOf({ stack }: FrameHost, destination: string, preferences = 0): Promise<string | undefined> {
  const socket = stack.socket(AF_INET6, SOCK_DGRAM);
  if (preferences !== 0) socket.setsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, preferences);
  await socket.connect({ address: destination, port: 9 });
  return socket.getsockname().address;
}

describe('source selection [RFC 6724 §5]', () => {
  const cases: readonly (readonly [what: string, destination: string, addresses: readonly string[], wanted: string])[] = [
    ['the scope of the destination at least, rule 2', '2001:db8:9::1', ['2001:db8:1::2/64', 'fe80::2/64'], '2001:db8:1::2'],
    ['no wider scope than is needed, rule 2', 'fe80::9%eth0', ['fe80::2/64', '2001:db8:1::2/64'], 'fe80::2%eth0'],
    ['none that is deprecated, rule 3', '2001:db8:1::9', ['2001:db8:2::2/64', '2001:db8:1::2/64 deprecated'], '2001:db8:2::2'],
    ['the same label, rule 6: unique local to unique local', 'fd00:9::1', ['fd77::2/64', '2001:db8:1::2/64'], 'fd77::2'],
    ['the same label, rule 6: global to global', '2001:db8:9::1', ['3001:db8:1::2/64', 'fd77::2/64'], '3001:db8:1::2'],
    ['the same label, rule 6: 6to4 to 6to4', '2002:c000:204::1', ['2002:c000:201::2/64', '2001:db8:1::2/64'], '2002:c000:201::2'],
    ['the longest matching prefix, rule 8', '2001:db8:1::9', ['2001:db8:1::2/64', '2001:db8:2::2/64'], '2001:db8:1::2'],
    ['of equals the newest [Linux]', '2001:db8:1::9', ['2001:db8:1::2/64', '2001:db8:1::3/64'], '2001:db8:1::3'],
  ];
  for (const [what, destination, addresses, wanted] of cases) {
    it(`prefers ${what}`, async () => {
      expect(await sourceOf(hostWith(addresses), destination)).to.equal(wanted);
    });
  }

  const examples: typeof cases = [
    ['prefer appropriate scope', '2001:db8:1::1', ['2001:db8:3::1/64', 'fe80::1/64'], '2001:db8:3::1'],
    ['prefer appropriate scope: a group of the site', 'ff05::1', ['2001:db8:3::1/64', 'fe80::1/64'], '2001:db8:3::1'],
    ['prefer same address', '2001:db8:1::1', ['2001:db8:1::1/64 deprecated', '2001:db8:2::1/64'], '2001:db8:1::1'],
    ['prefer appropriate scope: before what is preferred', 'fe80::1%eth0', ['fe80::2/64 deprecated', '2001:db8:1::1/64'], 'fe80::2%eth0'],
    ['use longest matching prefix', '2001:db8:1::1', ['2001:db8:1::2/64', '2001:db8:3::2/64'], '2001:db8:1::2'],
    [
      'prefer matching label: before what is public',
      '2002:c633:6401::1',
      ['2002:c633:6401::d5e3:7953:13eb:22e8/64 temporary', '2001:db8:1::2/64'],
      '2002:c633:6401:0:d5e3:7953:13eb:22e8',
    ],
  ];
  for (const [what, destination, addresses, wanted] of examples) {
    it(`${what} [RFC 6724 §10.1]`, async () => {
      if (destination.startsWith('ff')) {
        const host = hostWith(addresses);
        const index = host.stack.link.list().find(({ name }) => name === 'eth0')?.index ?? 0;
        const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
        socket.setsockopt(IPPROTO_IPV6, 17, index);
        await socket.connect({ address: destination, port: 9 });
        expect(socket.getsockname().address).to.equal(wanted);
      } else expect(await sourceOf(hostWith(addresses), destination)).to.equal(wanted);
    });
  }

  const PUBLIC = '2001:db8:1::2';
  const TEMPORARY = '2001:db8:1:0:d5e3:7953:13eb:22e8';
  const both = [`${PUBLIC}/64`, `${TEMPORARY}/64 temporary`];
  const preferences: readonly (readonly [useTempaddr: number, preferences: number, wanted: string])[] = [
    [0, 0, PUBLIC],
    [1, 0, PUBLIC],
    [2, 0, TEMPORARY],
    [2, IPV6_PREFER_SRC_PUBLIC, PUBLIC],
    [0, IPV6_PREFER_SRC_TMP, TEMPORARY],
  ];
  for (const [useTempaddr, wish, wanted] of preferences) {
    const what = wish === 0 ? 'a socket that has no wish' : wish === IPV6_PREFER_SRC_TMP ? 'IPV6_PREFER_SRC_TMP' : 'IPV6_PREFER_SRC_PUBLIC';
    it(`rule 7: use_tempaddr ${useTempaddr}, ${what} [RFC 6724 §10.1, RFC 5014 §3]`, async () => {
      expect(await sourceOf(hostWith(both, useTempaddr), '2001:db8:1::d5e3:0:0:1', wish)).to.equal(wanted);
    });
  }
});

describe('ip addrlabel [RFC 6724 §2.1, §10.6]', () => {
  it('has what Linux has at first', () => {
    const { stack } = new FrameHost();
    const labels = stack.service(ADDRESS_LABELS).list();
    expect(labels.map(({ prefix, label }) => `${prefix} ${label}`)).to.deep.equal([
      '::1/128 0',
      '::/96 3',
      '::ffff:0.0.0.0/96 4',
      '2001::/32 6',
      '2001:10::/28 7',
      '3ffe::/16 12',
      '2002::/16 2',
      'fec0::/10 11',
      'fc00::/7 5',
      '::/0 1',
    ]);
  });

  it('makes addresses belong together', async () => {
    const host = hostWith(['2001:db8:1::2/64', '2001:db8:2::2/64']);
    const labels = host.stack.service(ADDRESS_LABELS);
    expect(await sourceOf(host, '2001:db8:2:ffff::1')).to.equal('2001:db8:2::2');
    labels.add({ prefix: '2001:db8:2:ffff::/64', label: 99 });
    labels.add({ prefix: '2001:db8:1::/64', label: 98 });
    labels.add({ prefix: '2001:db8:1::/64', label: 99, iface: 'eth0' });
    expect(await sourceOf(host, '2001:db8:2:ffff::1')).to.equal('2001:db8:1::2');
    labels.remove({ prefix: '2001:db8:1::/64', iface: 'eth0' });
    expect(await sourceOf(host, '2001:db8:2:ffff::1')).to.equal('2001:db8:2::2');
  });

  it('says what is wrong', () => {
    const labels = new FrameHost().stack.service(ADDRESS_LABELS);
    labels.add({ prefix: 'fd00::/64', label: 9 });
    expect(() => labels.add({ prefix: 'fd00::/64', label: 8 })).to.throw('EEXIST');
    expect(() => labels.add({ prefix: '10.0.0.0/8', label: 8 })).to.throw('EINVAL');
    expect(() => labels.add({ prefix: 'fd01::/64', label: 0xffff_ffff })).to.throw('EINVAL');
    expect(() => labels.add({ prefix: 'fd01::/64', label: 1, iface: 'nowhere' })).to.throw('ENODEV');
    expect(() => labels.remove({ prefix: 'fd01::/64' })).to.throw('ESRCH');
  });
});
