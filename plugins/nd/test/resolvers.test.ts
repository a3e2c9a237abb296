import { attach, definePlugin } from '@protoloom/contracts';
import { type AdvertisedResolvers, IP6_RESOLVERS } from '@protoloom/contracts/ipv6';
import { expect } from 'chai';
import { domains, Link, type Octets, routerAdvertisement as router, servers } from './link.js';

const ROUTER = { source: 'fe80::1', destination: 'ff02::1' };
const name = (text: string): number[] => [...text.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];

/** What is handed on of an advertisement with these options. */
function handedOn(...options: Octets[]): Omit<AdvertisedResolvers, 'iface'>[] {
  const told: Omit<AdvertisedResolvers, 'iface'>[] = [];
  const listener = definePlugin({
    name: '@example/resolver',
    version: '0.1.0',
    api: '^1.0.0',
    attaches: { resolvers: attach(IP6_RESOLVERS, '^1.0') },
    create: () => ({
      handlers: {
        resolvers({ iface, ...rest }) {
          expect(iface.name).to.equal('eth0');
          told.push(rest);
          return undefined;
        },
      },
    }),
  });
  const link = new Link({}, true, [listener]);
  link.receive(router({}, ...options), ROUTER);
  expect(link.counts()).to.include({ learned: 1 });
  return told;
}

describe('resolvers that routers tell of are handed on [RFC 8106 §5]', () => {
  it('servers, with the interface where they are of the link', () => {
    expect(handedOn(servers(300, '2001:db8::53', 'fe80::53'))).to.deep.equal([
      { servers: ['2001:db8::53', 'fe80::53%eth0'], domains: [], lifetime: 300 },
    ]);
  });

  it('search domains; lifetimes of none and of for ever', () => {
    expect(handedOn(domains(0xffffffff, [...name('example.org'), ...name('a.example')]), servers(0, '2001:db8::53'))).to.deep.equal([
      { servers: [], domains: ['example.org', 'a.example'], lifetime: Number.POSITIVE_INFINITY },
      { servers: ['2001:db8::53'], domains: [], lifetime: 0 },
    ]);
  });

  for (const [what, option] of [
    ['servers without an address', servers(300)],
    ['servers with half an address', [...servers(300, '2001:db8::53').with(1, 4), 0, 0, 0, 0, 0, 0, 0, 0]],
    ['domains without a name', domains(300, [])],
    ['a name that does not end', domains(300, [7, ...Buffer.from('example')])],
    ['a label that is longer than the option', domains(300, [60, 1, 2, 3])],
    ['a pointer in place of a label', domains(300, [0xc0, 8])],
    ['a label of other than letters, digits and hyphens', domains(300, [1, 0x0a, 0])],
  ] as const) {
    it(`but not ${what} [RFC 8106 §5.3.1]`, () => {
      expect(handedOn(option)).to.deep.equal([]);
    });
  }
});
