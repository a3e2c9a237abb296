import { wire } from '@protoloom/arp';
import { ARPHRD_ETHER, IFF_NOARP } from '@protoloom/contracts';
import { PROBLEM_HOST_UNREACHABLE } from '@protoloom/contracts/ip';
import { expect } from 'chai';
import { arpFrame, BROADCAST, OURS, PEER, rig, ZERO } from './rig.js';

const REQUEST = `${BROADCAST} who has 192.0.2.2 (${ZERO}) tell 192.0.2.1 (${OURS})`;

describe('resolving by ARP', () => {
  it('asks three times, a second apart, then reports host unreachable [R1122-2.3.2.1]', () => {
    const { send, sent, advanceMs, unreachable, moved, stack } = rig();
    send('192.0.2.2', '192.0.2.1');
    expect(sent()).to.deep.equal([REQUEST]);
    advanceMs(999);
    expect(sent()).to.deep.equal([]);
    advanceMs(1001);
    expect(sent()).to.deep.equal([REQUEST, REQUEST]);
    expect(unreachable).to.deep.equal([]);
    advanceMs(1000);
    expect(sent()).to.deep.equal([]);
    expect(unreachable).to.deep.equal([{ octet: 0x45, problem: PROBLEM_HOST_UNREACHABLE }]);
    expect(moved()).to.deep.equal({ outRequests: 3, resFailed: 1 });
    expect(stack.packetsInHand).to.equal(0);
  });

  it('probes a stale neighbour at its own address', () => {
    const { receive, send, sent, advanceMs } = rig();
    receive(arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.1' }));
    sent();
    send('192.0.2.2', '192.0.2.1');
    advanceMs(5000);
    expect(sent()).to.deep.equal([`${PEER} data 69`, `${PEER} who has 192.0.2.2 (${PEER}) tell 192.0.2.1 (${OURS})`]);
    receive(arpFrame({ to: OURS, op: wire.REPLY, spa: '192.0.2.2', tha: OURS, tpa: '192.0.2.1' }));
    advanceMs(5000);
    expect(sent()).to.deep.equal([]);
  });

  for (const [to, destination] of [
    ['224.0.0.251', '01:00:5e:00:00:fb'],
    ['255.255.255.255', BROADCAST],
    ['192.0.2.255', BROADCAST],
  ] as const) {
    it(`asks nobody for ${to}`, () => {
      const { send, sent } = rig();
      send(to, '192.0.2.1');
      expect(sent()).to.deep.equal([`${destination} data 69`]);
    });
  }

  it('sends no ARP where the interface has none', () => {
    const { send, sent, iface } = rig();
    Object.assign(iface, { flags: iface.flags | IFF_NOARP });
    send('192.0.2.2', '192.0.2.1');
    expect(sent()).to.deep.equal([`${OURS} data 69`]);
  });

  it('tells packets in words', () => {
    const { stack } = rig();
    const text = (frame: Uint8Array): string | undefined => stack.dissect(frame, ARPHRD_ETHER)[1]?.text;
    expect(text(arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.1' }))).to.equal(`who has 192.0.2.1, tell 192.0.2.2 (${PEER})`);
    expect(text(arpFrame({ op: wire.REPLY, spa: '192.0.2.2', tpa: '192.0.2.1' }))).to.equal(`192.0.2.2 is at ${PEER}`);
    expect(text(arpFrame({ op: 9, spa: '192.0.2.2', tpa: '192.0.2.1' }))).to.equal(`operation 9 192.0.2.2 (${PEER}) > 192.0.2.1`);
  });
});
