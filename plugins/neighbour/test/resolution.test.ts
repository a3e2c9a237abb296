import { NUD_FAILED, NUD_REACHABLE, NUD_STALE } from '@protoloom/contracts/neighbour';
import { expect } from 'chai';
import { MAC, rig, stateOf } from './rig.js';

describe('resolving a neighbour', () => {
  it('asks with the first packet, and sends what waits in order when answered [R1122-2.3.2.2]', () => {
    const { lookup, send, update, told, sent, moved, stack } = rig();
    const peer = lookup();
    expect(stateOf(peer)).to.equal('NONE');
    expect(told()).to.deep.equal([]);
    for (const mark of [1, 2, 3]) send(peer, mark);
    expect(told()).to.deep.equal(['solicit multicast with a packet']);
    expect(stateOf(peer)).to.equal('INCOMPLETE');
    expect(sent).to.deep.equal([]);
    update(peer, MAC, NUD_REACHABLE);
    expect(sent).to.deep.equal([1, 2, 3].map((mark) => ({ destination: '2.0.0.0.0.9', type: 0x0800, payload: [mark] })));
    expect(told()).to.deep.equal(['REACHABLE']);
    expect(stack.packetsInHand).to.equal(0);
    expect(moved()).to.deep.equal({ entries: 1, allocs: 1, lookups: 1 });
  });

  it('asks at most once in retrans_time, mcast_solicit times, then fails [R1122-2.3.2.1]', () => {
    const { lookup, send, told, advanceMs, onUnreachable, stack, moved } = rig();
    const peer = lookup();
    send(peer, 7);
    send(peer, 8);
    expect(told()).to.deep.equal(['solicit multicast with a packet']);
    advanceMs(999);
    send(peer, 9);
    expect(told()).to.deep.equal([]);
    advanceMs(1);
    expect(told()).to.deep.equal(['solicit multicast with a packet']);
    advanceMs(1000);
    expect(told()).to.deep.equal(['solicit multicast with a packet']);
    advanceMs(999);
    expect(told()).to.deep.equal([]);
    onUnreachable((packet) => expect(packet.head).to.equal(packet.l3));
    advanceMs(1);
    expect(told()).to.deep.equal(['unreachable 7', 'unreachable 8', 'unreachable 9', 'FAILED']);
    expect(stack.packetsInHand).to.equal(0);
    expect(moved()).to.deep.equal({ entries: 1, allocs: 1, lookups: 1, resFailed: 1 });
  });

  it('asks a failed neighbour again on the next send', () => {
    const { lookup, send, told, advanceMs } = rig();
    const peer = lookup();
    send(peer);
    advanceMs(60_000);
    expect(stateOf(peer)).to.equal('FAILED');
    told();
    send(peer, 2);
    expect(told()).to.deep.equal(['solicit multicast with a packet']);
    expect(stateOf(peer)).to.equal('INCOMPLETE');
  });

  it('follows the sysctls as they are', () => {
    const { lookup, send, told, advanceMs, stack } = rig({
      'net.ipv4.neigh.eth0.mcast_solicit': 2,
      'net.ipv4.neigh.eth0.retrans_time_ms': 100,
    });
    send(lookup());
    stack.sysctl.set('net.ipv4.neigh.eth0.retrans_time_ms', 300);
    advanceMs(100);
    advanceMs(299);
    expect(told()).to.deep.equal(['solicit multicast with a packet', 'solicit multicast with a packet']);
    advanceMs(1);
    expect(told()).to.deep.equal(['unreachable 1', 'FAILED']);
  });

  it('leaves app_solicit probes to an application', () => {
    const { lookup, send, told, advanceMs } = rig({ 'net.ipv4.neigh.eth0.app_solicit': 1, 'net.ipv4.neigh.eth0.mcast_solicit': 1 });
    send(lookup());
    advanceMs(1000);
    expect(told()).to.deep.equal(['INCOMPLETE', 'solicit multicast with a packet']);
  });

  it('reports at once where nobody is to be asked', () => {
    const { lookup, send, told, stack } = rig({ 'net.ipv4.neigh.eth0.mcast_solicit': 0 });
    const peer = lookup();
    send(peer, 5);
    expect(told()).to.deep.equal(['unreachable 5']);
    expect(stateOf(peer)).to.equal('FAILED');
    expect(stack.packetsInHand).to.equal(0);
  });

  it('bounds what waits by memory, drops the oldest and counts it', () => {
    const { lookup, send, update, sent, moved, stack } = rig({ 'net.ipv4.neigh.eth0.unres_qlen_bytes': 10_000 });
    const peer = lookup();
    for (let mark = 1; mark <= 50; mark++) send(peer, mark, 1000);
    const waiting = stack.packetsInHand;
    expect(waiting).to.be.within(2, 10);
    expect(moved()).to.deep.equal({ entries: 1, allocs: 1, lookups: 1, unresolvedDiscards: 50 - waiting });
    update(peer, MAC, NUD_REACHABLE);
    expect(sent.map(({ payload }) => payload[0])).to.deep.equal(Array.from({ length: waiting }, (_, i) => 51 - waiting + i));
    expect(stack.packetsInHand).to.equal(0);
  });

  it('keeps the latest packet however little may wait [R1122-2.3.2.2]', () => {
    const { lookup, send, update, sent } = rig({ 'net.ipv4.neigh.eth0.unres_qlen_bytes': 0 });
    const peer = lookup();
    send(peer, 1);
    send(peer, 2);
    update(peer, MAC, NUD_REACHABLE);
    expect(sent.map(({ payload }) => payload)).to.deep.equal([[2]]);
  });

  it('sends on an answer that confirms nothing, and then verifies', () => {
    const { lookup, send, update, sent, told } = rig();
    const peer = lookup();
    send(peer, 1);
    told();
    update(peer, MAC, NUD_STALE);
    expect(sent).to.have.length(1);
    expect(stateOf(peer)).to.equal('DELAY');
  });

  it('may be sent to again from within the report of its failure', () => {
    const { lookup, send, update, told, sent, advanceMs, onUnreachable, stack } = rig();
    const peer = lookup();
    send(peer, 1);
    let again = true;
    onUnreachable(() => {
      if (again) send(peer, 2);
      again = false;
    });
    told();
    advanceMs(3000);
    expect(told()).to.deep.equal([
      'solicit multicast with a packet',
      'solicit multicast with a packet',
      'unreachable 1',
      'solicit multicast with a packet',
      'INCOMPLETE',
    ]);
    update(peer, MAC, NUD_REACHABLE);
    expect(sent.map(({ payload }) => payload)).to.deep.equal([[2]]);
    expect(stack.packetsInHand).to.equal(0);
  });

  it('fails at once where the protocol knows better', () => {
    const { lookup, send, update, told } = rig();
    const peer = lookup();
    send(peer, 4);
    told();
    update(peer, undefined, NUD_FAILED);
    expect(told()).to.deep.equal(['unreachable 4', 'FAILED']);
  });
});
