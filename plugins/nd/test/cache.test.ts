// What messages make of a neighbour that is known: the tables of RFC 4861, appendix C.
import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import {
  advertisement,
  Link,
  type Octets,
  OURS,
  redirect,
  routerAdvertisement,
  SECOND,
  solicitation,
  sourceLink,
  THEIRS,
  targetLink,
} from './link.js';

const OTHER_MAC: Octets = [2, 0, 0, 0, 0, 0x98];
const SAME = '02:00:00:00:00:99';
const OTHER = '02:00:00:00:00:98';
const ROUTER = 'fe80::9';
const otherTarget: Octets = [2, 1, ...OTHER_MAC];
const otherSource: Octets = [1, 1, ...OTHER_MAC];
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

async function send(link: Link, to: string): Promise<void> {
  const socket = link.stack.socket(AF_INET6, SOCK_DGRAM);
  await socket.connect({ address: to.startsWith('fe80') ? `${to}%eth0` : to, port: 9 });
  await socket.send('x');
  link.sim.advance(10);
}

/** A host whose neighbour is in a state. */
const STATES = {
  async INCOMPLETE(address: string) {
    const link = new Link();
    await send(link, address);
    return link;
  },
  async REACHABLE(address: string) {
    const link = await STATES.INCOMPLETE(address);
    link.receive(advertisement(address, SOLICITED | OVERRIDE, targetLink), { source: address });
    return link;
  },
  async STALE(address: string) {
    const link = await STATES.REACHABLE(address);
    link.sim.advance(46 * SECOND);
    return link;
  },
  async DELAY(address: string) {
    const link = await STATES.STALE(address);
    await send(link, address);
    return link;
  },
  async PROBE(address: string) {
    const link = await STATES.DELAY(address);
    link.sim.advance(5.5 * SECOND);
    return link;
  },
};
type State = keyof typeof STATES;
const known = (link: Link, address: string): (string | undefined)[] => {
  const found = link.stack.neighbour.list().find((one) => one.address === address);
  return [found?.state, found?.linkAddress];
};

describe('an advertisement of a neighbour that is known [RFC 4861 §7.2.5, appendix C]', () => {
  const none: Octets = [];
  const cases: readonly (readonly [string, readonly State[], number, Octets, string | undefined, string | undefined])[] = [
    // What waits is sent, so that what is told unasked is doubted at once.
    ['tells nothing without link address', ['INCOMPLETE'], SOLICITED | OVERRIDE, none, undefined, undefined],
    ['that was asked for reaches it', ['INCOMPLETE'], SOLICITED, targetLink, 'REACHABLE', SAME],
    ['that was not asked for tells the address', ['INCOMPLETE'], 0, targetLink, 'DELAY', SAME],
    [
      'that was asked for, of the same address, reaches it',
      ['REACHABLE', 'STALE', 'DELAY', 'PROBE'],
      SOLICITED,
      targetLink,
      'REACHABLE',
      SAME,
    ],
    ['that was asked for, of no address, reaches it', ['REACHABLE', 'STALE', 'DELAY', 'PROBE'], SOLICITED, none, 'REACHABLE', SAME],
    ['that overrides, of the same address, reaches it', ['STALE', 'PROBE'], SOLICITED | OVERRIDE, targetLink, 'REACHABLE', SAME],
    ['that was asked for, of another address, without override: is doubted', ['REACHABLE'], SOLICITED, otherTarget, 'STALE', SAME],
    ['of another address, without override: changes nothing', ['STALE', 'DELAY', 'PROBE'], SOLICITED, otherTarget, undefined, SAME],
    [
      'that was asked for, of another address, overrides',
      ['REACHABLE', 'STALE', 'DELAY', 'PROBE'],
      SOLICITED | OVERRIDE,
      otherTarget,
      'REACHABLE',
      OTHER,
    ],
    [
      'that was not asked for, of the same address, changes nothing',
      ['REACHABLE', 'STALE', 'DELAY', 'PROBE'],
      0,
      targetLink,
      undefined,
      SAME,
    ],
    ['that was not asked for, of no address, changes nothing', ['REACHABLE', 'STALE', 'DELAY', 'PROBE'], OVERRIDE, none, undefined, SAME],
    ['that was not asked for, of another address, without override: is doubted', ['REACHABLE'], 0, otherTarget, 'STALE', SAME],
    [
      'that was not asked for, of another address, overrides, unconfirmed',
      ['REACHABLE', 'STALE', 'DELAY', 'PROBE'],
      OVERRIDE,
      otherTarget,
      'STALE',
      OTHER,
    ],
  ];
  for (const [what, states, flags, option, after, linkAddress] of cases) {
    for (const state of states) {
      it(`${what}: ${state}`, async () => {
        const link = await STATES[state](THEIRS);
        expect(known(link, THEIRS)[0]).to.equal(state);
        link.receive(advertisement(THEIRS, flags, option));
        expect(known(link, THEIRS)).to.deep.equal([after ?? state, linkAddress]);
      });
    }
  }
});

describe('other messages of a neighbour that is known [RFC 4861 §6.3.4, §7.2.3, §8.3, appendix C]', () => {
  const messages: readonly (readonly [string, string, (option: 'same' | 'other') => number[], string, string])[] = [
    // It is answered, and what is stale is doubted by that.
    ['a solicitation', THEIRS, (one) => solicitation(OURS, one === 'same' ? sourceLink : otherSource), OURS, 'DELAY'],
    ['a router advertisement', ROUTER, (one) => routerAdvertisement({}, one === 'same' ? sourceLink : otherSource), 'ff02::1', 'STALE'],
  ];
  for (const [what, address, message, destination, doubted] of messages) {
    for (const state of ['REACHABLE', 'STALE', 'DELAY', 'PROBE'] as const) {
      it(`${what} of the same address changes nothing, of another is believed, unconfirmed: ${state}`, async () => {
        const link = await STATES[state](address);
        link.receive(message('same'), { source: address, destination });
        expect(known(link, address)).to.deep.equal([state === 'STALE' ? doubted : state, SAME]);
        link.receive(message('other'), { source: address, destination });
        expect(known(link, address)).to.deep.equal([doubted, OTHER]);
      });
    }
  }

  it('a redirect tells the address of its target, unconfirmed', async () => {
    const link = await STATES.REACHABLE(ROUTER);
    link.receive(routerAdvertisement(), { source: 'fe80::1', destination: 'ff02::1' });
    link.receive(redirect(ROUTER, '2001:db8:9::9', otherTarget), { source: 'fe80::1' });
    expect(known(link, ROUTER)).to.deep.equal(['STALE', OTHER]);
  });
});
