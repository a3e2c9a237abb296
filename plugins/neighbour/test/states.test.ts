import {
  NUD_DELAY,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  UPDATE_ADMIN,
  UPDATE_OVERRIDE,
  UPDATE_WEAK_OVERRIDE,
} from '@protoloom/contracts/neighbour';
import { expect } from 'chai';
import { MAC, OTHER_MAC, rig, stateOf } from './rig.js';

/** A neighbour that has just answered; reachable times are exactly half to one and a half of 30 s. */
function reachable(sysctls: Record<string, number> = {}) {
  const all = rig(sysctls);
  const peer = all.lookup();
  all.send(peer);
  all.update(peer, MAC, NUD_REACHABLE);
  all.told();
  all.sent.length = 0;
  return { ...all, peer };
}

describe('the states of a neighbour [RFC 4861 §7.3]', () => {
  it('counts as reachable for a random 0.5 to 1.5 of base_reachable_time, then is stale [R4861-6.3.2]', () => {
    const { peer, advanceMs, told } = reachable();
    advanceMs(14_999);
    expect(stateOf(peer)).to.equal('REACHABLE');
    advanceMs(30_002);
    expect(stateOf(peer)).to.equal('STALE');
    expect(told()).to.deep.equal(['STALE']);
  });

  it('draws the reachable time anew after 300 s', () => {
    const { peer, update, advanceMs, simulation } = reachable();
    const times = new Set<number>();
    for (let round = 0; round < 4; round++) {
      update(peer, MAC, NUD_STALE, UPDATE_ADMIN);
      update(peer, MAC, NUD_REACHABLE);
      const from = simulation.nowUs;
      while (peer.state === NUD_REACHABLE && simulation.nowUs - from < 46_000_000) advanceMs(100);
      expect((simulation.nowUs - from) / 1000).to.be.within(15_000, 45_100);
      times.add(simulation.nowUs - from);
      advanceMs(300_000);
    }
    expect(times.size).to.be.greaterThan(1);
  });

  it('is verified 5 s after the first use when stale: DELAY, then unicast probes, then FAILED [R4861-7.3.3]', () => {
    const { peer, advanceMs, told, send, sent, moved } = reachable();
    advanceMs(60_000);
    told();
    send(peer, 1);
    expect(sent).to.have.length(1);
    expect(told()).to.deep.equal(['DELAY']);
    advanceMs(4_999);
    expect(told()).to.deep.equal([]);
    advanceMs(1);
    expect(told()).to.deep.equal(['PROBE', 'solicit unicast']);
    send(peer, 2);
    expect(sent, 'packets go on while probing').to.have.length(2);
    advanceMs(2_000);
    expect(told()).to.deep.equal(['solicit unicast', 'solicit unicast']);
    advanceMs(1_000);
    expect(told()).to.deep.equal(['FAILED']);
    expect(moved()).to.deep.equal({ entries: 1, allocs: 1, lookups: 1, resFailed: 1 });
  });

  it('asks by multicast after unicast where mcast_resolicit says so', () => {
    const { peer, advanceMs, told, send } = reachable({ 'net.ipv4.neigh.eth0.mcast_resolicit': 1 });
    advanceMs(60_000);
    send(peer);
    told();
    advanceMs(5_000 + 3_000);
    expect(told()).to.deep.equal(['PROBE', 'solicit unicast', 'solicit unicast', 'solicit unicast', 'solicit multicast']);
  });

  it('is reachable again when a probe is answered', () => {
    const { peer, advanceMs, told, send, update } = reachable();
    advanceMs(60_000);
    send(peer);
    advanceMs(5_000);
    told();
    update(peer, MAC, NUD_REACHABLE);
    expect(told()).to.deep.equal(['REACHABLE']);
    advanceMs(10_000);
    expect(told()).to.deep.equal([]);
  });

  it('needs no probe where a transport confirms it [R4861-7.3.1]', () => {
    const { peer, advanceMs, told, send } = reachable();
    advanceMs(60_000);
    told();
    send(peer);
    advanceMs(3_000);
    peer.confirm();
    advanceMs(2_000);
    expect(told()).to.deep.equal(['DELAY', 'REACHABLE']);
  });

  it('stays reachable for as long as a transport confirms it', () => {
    const { peer, advanceMs, told } = reachable();
    for (let s = 0; s < 120; s += 10) {
      peer.confirm();
      advanceMs(10_000);
    }
    expect(told()).to.deep.equal([]);
    expect(stateOf(peer)).to.equal('REACHABLE');
  });

  it('writes the state as its number', () => {
    const { peer, update } = reachable();
    update(peer, MAC, NUD_DELAY, UPDATE_ADMIN);
    expect(peer.state).to.equal(NUD_DELAY);
    update(peer, MAC, NUD_PROBE, UPDATE_ADMIN);
    expect(peer.state).to.equal(NUD_PROBE);
  });
});

describe('what is learnt of a neighbour', () => {
  it('is not made stale by word that its address is what it was', () => {
    const { peer, update, told } = reachable();
    update(peer, MAC, NUD_STALE, UPDATE_OVERRIDE);
    expect(stateOf(peer)).to.equal('REACHABLE');
    expect(told()).to.deep.equal([]);
  });

  it('keeps its address without override', () => {
    const { peer, update, told } = reachable();
    update(peer, OTHER_MAC, NUD_REACHABLE);
    expect(peer.linkAddress).to.deep.equal(MAC);
    expect(told()).to.deep.equal([]);
  });

  it('takes another address with override, and sends there from then on', () => {
    const { peer, update, told, send, sent } = reachable();
    const before = peer.updatedUs;
    const held = peer.linkAddress;
    update(peer, OTHER_MAC, NUD_STALE, UPDATE_OVERRIDE);
    expect(told()).to.deep.equal(['STALE']);
    expect(held, 'replaced, never written into').to.deep.equal(MAC);
    send(peer);
    expect(sent.map(({ destination }) => destination)).to.deep.equal(['2.0.0.0.0.10']);
    expect(peer.updatedUs).to.be.at.least(before);
  });

  it('is only suspected under a weak override [R4861-7.2.5]', () => {
    const { peer, update } = reachable();
    update(peer, OTHER_MAC, NUD_REACHABLE, UPDATE_WEAK_OVERRIDE);
    expect(peer.linkAddress).to.deep.equal(MAC);
    expect(stateOf(peer)).to.equal('STALE');
  });

  it('is not resolved without an address', () => {
    const { lookup, update, send } = rig();
    const peer = lookup();
    send(peer);
    update(peer, undefined, NUD_REACHABLE);
    expect(stateOf(peer)).to.equal('INCOMPLETE');
  });

  it('changes nothing about a permanent one, but by an administrator', () => {
    const { peer, update } = reachable();
    update(peer, OTHER_MAC, NUD_PERMANENT, UPDATE_ADMIN | UPDATE_OVERRIDE);
    update(peer, MAC, NUD_REACHABLE, UPDATE_OVERRIDE);
    expect(peer.linkAddress).to.deep.equal(OTHER_MAC);
    update(peer, MAC, NUD_STALE, UPDATE_ADMIN | UPDATE_OVERRIDE);
    expect(stateOf(peer)).to.equal('STALE');
  });
});
