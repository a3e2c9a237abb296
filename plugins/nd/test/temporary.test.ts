import { expect } from 'chai';
import { advertisement, Link, prefix, routerAdvertisement as router, SECOND, targetLink } from './link.js';

const ROUTER = { source: 'fe80::1', destination: 'ff02::1' };
const MADE = '2001:db8:1:0:53:ff:fe00:1';
const DAY = 86_400;
const knob = (name: string): string => `net.ipv6.conf.default.${name}`;
const using = (sysctls = {}): Link => new Link({ [knob('use_tempaddr')]: 1, ...sysctls });
const says = (link: Link, valid: number, preferred: number): void => {
  link.receive(router({}, prefix('2001:db8:1::', valid, preferred)), ROUTER);
};
const temporary = (link: Link) => link.stack.address.list({ iface: 'eth0' }).filter(({ flags }) => flags.includes('temporary'));
const textOf = ({ address }: { readonly address: string }): string => address.replace('/64', '');

describe('temporary addresses [RFC 8981]', () => {
  it('are none with use_tempaddr 0; the public address says that they would be of its prefix', () => {
    const link = new Link();
    says(link, 3600, 1800);
    link.sim.advance(3 * SECOND);
    expect(temporary(link)).to.deep.equal([]);
    expect(link.flags(MADE)).to.include('mngtmpaddr');
  });

  it('are made with the public address, of random bits, and checked as it is [RFC 8981 §3.3.1, §3.4]', () => {
    const link = using();
    says(link, 3600, 1800);
    const [one, ...more] = temporary(link);
    expect(more).to.deep.equal([]);
    expect(one?.address)
      .to.match(/^2001:db8:1:0:/)
      .and.not.equal(`${MADE}/64`);
    expect(one?.flags).to.include('tentative');
    link.sim.advance(3 * SECOND);
    expect(temporary(link)[0]?.flags).to.not.include('tentative');
    expect(temporary(link)[0]).to.include({ validLifetime: 3597, preferredLifetime: 1797 });
  });

  it('last TEMP_VALID_LIFETIME, and TEMP_PREFERRED_LIFETIME less DESYNC_FACTOR, at most [RFC 8981 §3.4]', () => {
    const link = using();
    says(link, 30 * DAY, 30 * DAY);
    const [one] = temporary(link);
    expect(one?.validLifetime).to.equal(7 * DAY);
    expect(one?.preferredLifetime).to.be.within(DAY - 600, DAY);
    // Said again later, the limit is still that of the day they were made.
    link.sim.advance(1000 * SECOND);
    says(link, 30 * DAY, 30 * DAY);
    const [again] = temporary(link);
    expect(again?.validLifetime).to.equal(7 * DAY - 1000);
    expect(again?.preferredLifetime).to.equal((one?.preferredLifetime ?? 0) - 1000);
  });

  it('follow the lifetimes of the public address, as far as they may [RFC 8981 §3.4]', () => {
    const link = using();
    says(link, 10_000, 5000);
    says(link, 9000, 20);
    expect(temporary(link)[0]).to.include({ validLifetime: 9000, preferredLifetime: 20 });
    says(link, 9000, 0);
    expect(temporary(link)[0]?.flags).to.include('deprecated');
    says(link, 20_000, 10_000);
    expect(temporary(link)[0]).to.include({ validLifetime: 20_000, preferredLifetime: 10_000 });
    expect(temporary(link)[0]?.flags).to.not.include('deprecated');
  });

  it('have a successor REGEN_ADVANCE before they are deprecated, and go when they are not valid any more [RFC 8981 §3.5]', () => {
    const link = using({ [knob('temp_prefered_lft')]: 1000, [knob('temp_valid_lft')]: 2000, [knob('max_desync_factor')]: 0 });
    says(link, 30 * DAY, 30 * DAY);
    const [first] = temporary(link).map(textOf);
    // REGEN_ADVANCE is 2 + 3 * 1 * 1 s.
    link.sim.advance(994 * SECOND);
    expect(temporary(link).map(textOf)).to.deep.equal([first]);
    link.sim.advance(2 * SECOND);
    expect(temporary(link)).to.have.length(2);
    expect(temporary(link)[0]?.flags).to.not.include('deprecated');
    link.sim.advance(5 * SECOND);
    expect(temporary(link)[0]?.flags).to.include('deprecated');
    link.sim.advance(1000 * SECOND);
    expect(temporary(link).map(textOf)).to.not.include(first);
    expect(temporary(link)).to.have.length(2);
  });

  it('are not made where they would be deprecated at once [RFC 8981 §3.4]', () => {
    const link = using();
    says(link, 3600, 5);
    expect(temporary(link)).to.deep.equal([]);
  });

  it('are others where they are duplicates, regen_max_retry times in a row [RFC 8981 §3.4]', () => {
    const link = using();
    says(link, 3600, 1800);
    const seen = new Set<string>();
    for (let i = 0; i < 5; i++) {
      for (const target of temporary(link).map(textOf)) {
        seen.add(target);
        link.receive(advertisement(target, 0x20, targetLink), { destination: 'ff02::1' });
      }
    }
    expect(seen.size).to.equal(3);
    expect(temporary(link)).to.deep.equal([]);
    link.sim.advance(3 * SECOND);
    expect(link.flags(MADE)).to.not.include('tentative');
  });

  it('go with the public address, and with the interface', () => {
    const link = using();
    says(link, 3600, 1800);
    link.stack.address.remove('eth0', MADE);
    expect(temporary(link)).to.deep.equal([]);
    says(link, 3600, 1800);
    expect(temporary(link)).to.have.length(1);
    link.stack.link.down('eth0');
    expect(temporary(link)).to.deep.equal([]);
  });

  it('are made of what a user adds to manage them, which has a prefix of 64 bits', () => {
    const link = using();
    link.stack.address.add('eth0', '2001:db8:7::7/64', { manageTemporary: true, noDad: true });
    expect(temporary(link)[0]?.address).to.match(/^2001:db8:7:0:/);
    const wrong = (): void => link.stack.address.add('eth0', '2001:db8:8::7/63', { manageTemporary: true });
    expect(wrong).to.throw(/prefix of 64 bits/);
  });
});
