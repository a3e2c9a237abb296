import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { FrameHost } from '@protoloom/frames';
import { expect } from 'chai';

/** The source that is chosen towards `destination`, of these addresses on `eth0`. */
async function source(destination: string, addresses: readonly string[], deprecated = ''): Promise<string | undefined> {
  const { stack } = new FrameHost();
  for (const address of addresses) {
    stack.address.add('eth0', address, { noDad: true, ...(address === deprecated ? { preferredLifetime: 0 } : {}) });
  }
  stack.route.add({ destination: 'default', iface: 'eth0', family: 'inet6' });
  const socket = stack.socket(AF_INET6, SOCK_DGRAM);
  await socket.connect({ address: destination, port: 9 });
  return socket.getsockname().address;
}

describe('source selection [RFC 6724 §5]', () => {
  const cases: readonly (readonly [string, string, readonly string[], string, string?])[] = [
    ['the scope of the destination at least, rule 2', '2001:db8:9::1', ['fe80::2/64', '2001:db8:1::2/64'], '2001:db8:1::2'],
    ['no wider scope than is needed, rule 2', 'fe80::9%eth0', ['2001:db8:1::2/64', 'fe80::2/64'], 'fe80::2%eth0'],
    ['none that is deprecated, rule 3', '2001:db8:1::9', ['2001:db8:1::2/64', '2001:db8:2::2/64'], '2001:db8:2::2', '2001:db8:1::2/64'],
    ['the same label, rule 6: unique local to unique local', 'fd00:9::1', ['2001:db8:1::2/64', 'fd77::2/64'], 'fd77::2'],
    ['the same label, rule 6: global to global', '2001:db8:9::1', ['fd77::2/64', '3001:db8:1::2/64'], '3001:db8:1::2'],
    ['the same label, rule 6: 6to4 to 6to4', '2002:c000:204::1', ['2001:db8:1::2/64', '2002:c000:201::2/64'], '2002:c000:201::2'],
    ['the longest matching prefix, rule 8', '2001:db8:1::9', ['2001:db8:2::2/64', '2001:db8:1::2/64'], '2001:db8:1::2'],
  ];
  for (const [what, destination, addresses, wanted, deprecated] of cases) {
    it(`prefers ${what}`, async () => {
      expect(await source(destination, addresses, deprecated)).to.equal(wanted);
    });
  }
});
