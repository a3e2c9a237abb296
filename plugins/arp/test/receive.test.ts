import { wire } from '@protoloom/arp';
import { IFF_NOARP, IFF_PROMISC } from '@protoloom/contracts';
import { expect } from 'chai';
import { arpFrame, BROADCAST, OURS, PEER, rig, ZERO } from './rig.js';

const ASK = arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.1' });
const ANSWER = `${PEER} 192.0.2.1 is at ${OURS}, 192.0.2.2 (${PEER})`;

/** The request with octets of the ARP packet changed. */
const changed = (at: number, ...octets: number[]): Uint8Array => {
  const frame = ASK.slice();
  frame.set(octets, 14 + at);
  return frame;
};

describe('receiving ARP', () => {
  it('answers for our address, to the sender, and learns of it [RFC 826]', () => {
    const { receive, sent, cache, moved, stack } = rig();
    receive(ASK);
    expect(sent()).to.deep.equal([ANSWER]);
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} STALE`]);
    expect(moved()).to.deep.equal({ inRequests: 1, outReplies: 1, answered: 1 });
    expect(stack.conservation()).to.deep.include({ received: 1, fates: 1 });
  });

  it('takes ar$hrd 6 on Ethernet, as Linux', () => {
    const { receive, sent } = rig();
    receive(changed(0, 0, 6));
    expect(sent()).to.deep.equal([ANSWER]);
  });

  for (const [counter, what, frame] of [
    ['hardwareType', 'another hardware type', changed(0, 0, 15)],
    ['protocolType', 'another protocol', changed(2, 0x86, 0xdd)],
    ['addressLength', 'another hardware address length', changed(4, 8)],
    ['addressLength', 'another protocol address length', changed(5, 16)],
    ['operation', 'RARP', changed(6, 0, 3)],
    ['badSender', 'a sender whose hardware address is zero', arpFrame({ sha: ZERO, spa: '192.0.2.2', tpa: '192.0.2.1' })],
    [
      'badSender',
      'a sender whose hardware address is broadcast [R1812-3.3.2]',
      arpFrame({ sha: BROADCAST, spa: '192.0.2.2', tpa: '192.0.2.1' }),
    ],
    [
      'badSender',
      'a sender whose hardware address is a group’s',
      arpFrame({ sha: '01:00:5e:00:00:01', spa: '192.0.2.2', tpa: '192.0.2.1' }),
    ],
    ['looped', 'our own frame', arpFrame({ sha: OURS, spa: '192.0.2.1', tpa: '192.0.2.2' })],
    ['truncated', 'a packet of 27 octets', ASK.slice(0, 14 + 27)],
  ] as const) {
    it(`drops and counts ${what} as ${counter}`, () => {
      const { receive, sent, cache, moved, stack } = rig();
      receive(frame);
      expect(sent()).to.deep.equal([]);
      expect(cache()).to.deep.equal([]);
      expect(moved()).to.deep.equal({ [counter]: 1 });
      expect(stack.conservation()).to.deep.include({ received: 1, fates: 1 });
    });
  }

  for (const target of ['224.0.0.1', '127.0.0.1']) {
    it(`drops requests for ${target}`, () => {
      const { receive, moved } = rig();
      receive(arpFrame({ spa: '192.0.2.2', tpa: target }));
      expect(moved()).to.deep.equal({ inRequests: 1, badTarget: 1 });
    });
  }

  it('says nothing on interfaces without ARP', () => {
    const { receive, sent, moved, iface } = rig();
    Object.assign(iface, { flags: iface.flags | IFF_NOARP });
    receive(ASK);
    expect(sent()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ noArp: 1 });
  });

  it('reads no frames for others on a promiscuous interface', () => {
    const { receive, sent, moved, iface } = rig();
    Object.assign(iface, { flags: iface.flags | IFF_PROMISC });
    receive(arpFrame({ to: '02:00:00:00:00:77', spa: '192.0.2.2', tpa: '192.0.2.1' }));
    expect(sent()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ otherHost: 1 });
  });

  it('learns nothing from requests between others', () => {
    const { receive, sent, cache, moved } = rig();
    receive(arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.3' }));
    expect(sent()).to.deep.equal([]);
    expect(cache()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ inRequests: 1, notForUs: 1 });
  });

  it('answers a probe for our address, and learns nothing from it [R5227-2.1.1]', () => {
    const { receive, sent, cache, moved } = rig();
    receive(arpFrame({ spa: '0.0.0.0', tpa: '192.0.2.1' }));
    expect(sent()).to.deep.equal([`${PEER} 192.0.2.1 is at ${OURS}, 0.0.0.0 (${PEER})`]);
    expect(cache()).to.deep.equal([]);
    receive(arpFrame({ spa: '0.0.0.0', tpa: '192.0.2.5' }));
    expect(moved()).to.deep.equal({ inRequests: 2, outReplies: 1, answered: 1, notForUs: 1 });
  });

  it('answers nobody who claims an address of ours, nor keeps him', () => {
    const { receive, sent, cache, moved } = rig();
    receive(arpFrame({ spa: '192.0.2.1', tpa: '192.0.2.1' }));
    expect(sent()).to.deep.equal([]);
    expect(cache()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ inRequests: 1, notForUs: 1 });
  });

  for (const source of ['224.0.0.5', '255.255.255.255', '192.0.2.255', '127.0.0.1', '0.0.0.9', '198.51.100.66']) {
    it(`answers no ${source}, which cannot be its sender`, () => {
      const { receive, sent, cache, martians } = rig();
      martians.add((198 << 24) | (51 << 16) | (100 << 8) | 66);
      receive(arpFrame({ spa: source, tpa: '192.0.2.1' }));
      expect(sent()).to.deep.equal([]);
      expect(cache()).to.deep.equal([]);
    });
  }

  it('meets every truncation and every flipped octet with one fate', () => {
    const { receive, stack } = rig();
    let frames = 0;
    for (let length = 0; length < ASK.length; length++, frames++) receive(ASK.slice(0, length));
    for (let at = 0; at < 42; at++, frames++) {
      const frame = ASK.slice();
      frame[at] = (frame[at] as number) ^ 0xff;
      receive(frame);
    }
    const { received, fates } = stack.conservation();
    expect([received, fates]).to.deep.equal([frames, frames]);
    expect(stack.faults).to.deep.equal({});
    expect(stack.packetsInHand).to.equal(0);
  });

  it('bounds its memory under a flood of senders', () => {
    const { receive, cache, moved } = rig();
    for (let n = 0; n < 3000; n++) receive(arpFrame({ spa: `10.${n >> 8}.${n & 255}.1`, tpa: '192.0.2.1' }));
    expect(cache().length).to.be.at.most(1024);
    const { answered = 0, tableFull = 0, inRequests } = moved();
    expect(inRequests).to.equal(3000);
    expect(answered + tableFull).to.equal(3000);
  });
});

describe('what ARP teaches about neighbours', () => {
  const REPLY = { to: OURS, op: wire.REPLY, spa: '192.0.2.2', tha: OURS, tpa: '192.0.2.1' };
  const MOVED = '02:00:00:00:00:22';

  it('makes the neighbour reachable by a unicast reply, and sends what waits', () => {
    const { receive, sent, send, cache, moved } = rig();
    send('192.0.2.2', '192.0.2.1');
    expect(sent()).to.deep.equal([`${BROADCAST} who has 192.0.2.2 (${ZERO}) tell 192.0.2.1 (${OURS})`]);
    receive(arpFrame(REPLY));
    expect(sent()).to.deep.equal([`${PEER} data 69`]);
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} REACHABLE`]);
    expect(moved()).to.deep.equal({ inReplies: 1, outRequests: 1, learned: 1 });
  });

  it('takes a broadcast reply for no confirmation', () => {
    const { receive, lookup, cache } = rig();
    lookup('192.0.2.2');
    receive(arpFrame({ ...REPLY, to: BROADCAST }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} STALE`]);
  });

  it('keeps nothing from replies that nobody asked for', () => {
    const { receive, cache, moved } = rig();
    receive(arpFrame(REPLY));
    expect(cache()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ inReplies: 1, notForUs: 1 });
  });

  it('refreshes a known neighbour from any ARP of his', () => {
    const { receive, lookup, cache, advanceMs } = rig();
    receive(ASK);
    advanceMs(2000);
    receive(arpFrame({ sha: MOVED, spa: '192.0.2.2', tpa: '192.0.2.3' }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${MOVED} STALE`]);
    expect(lookup('192.0.2.2').dead).to.equal(false);
  });

  it('takes the first of several answers within locktime', () => {
    const { receive, send, cache, advanceMs } = rig();
    send('192.0.2.2', '192.0.2.1');
    receive(arpFrame(REPLY));
    advanceMs(1000);
    receive(arpFrame({ ...REPLY, sha: MOVED }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} REACHABLE`]);
    advanceMs(1);
    receive(arpFrame({ ...REPLY, sha: MOVED }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${MOVED} REACHABLE`]);
  });

  it('lets a gratuitous ARP update at once, and make nothing', () => {
    const { receive, send, cache } = rig();
    receive(arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.2' }));
    expect(cache()).to.deep.equal([]);
    send('192.0.2.2', '192.0.2.1');
    receive(arpFrame(REPLY));
    receive(arpFrame({ sha: MOVED, spa: '192.0.2.2', tpa: '192.0.2.2' }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${MOVED} STALE`]);
  });

  it('takes a reply for gratuitous only if both its hardware addresses are the sender’s', () => {
    const { receive, send, cache } = rig();
    send('192.0.2.2', '192.0.2.1');
    receive(arpFrame(REPLY));
    receive(arpFrame({ to: BROADCAST, op: wire.REPLY, sha: MOVED, spa: '192.0.2.2', tha: ZERO, tpa: '192.0.2.2' }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} REACHABLE`]);
    receive(arpFrame({ to: BROADCAST, op: wire.REPLY, sha: MOVED, spa: '192.0.2.2', tha: MOVED, tpa: '192.0.2.2' }));
    expect(cache()).to.deep.equal([`192.0.2.2 ${MOVED} STALE`]);
  });
});
