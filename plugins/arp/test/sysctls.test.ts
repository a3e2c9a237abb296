import { wire } from '@protoloom/arp';
import { RT_SCOPE_HOST, RT_SCOPE_LINK } from '@protoloom/contracts/ip';
import { expect } from 'chai';
import { arpFrame, BROADCAST, OURS, type Owned, PEER, rig, ZERO } from './rig.js';

const TWO: Record<string, readonly Owned[]> = {
  eth0: [{ address: '192.0.2.1', bits: 24 }],
  eth1: [{ address: '198.51.100.1', bits: 24 }],
};
const ask = (target: string, sender = '192.0.2.2'): Uint8Array => arpFrame({ spa: sender, tpa: target });

describe('arp_ignore', () => {
  const answers = (value: number, frame: Uint8Array, owned = TWO, path = 'eth0'): boolean => {
    const { receive, sent, moved } = rig({ [`net.ipv4.conf.${path}.arp_ignore`]: value }, owned);
    receive(frame);
    const answered = sent().length === 1;
    expect(moved()).to.deep.equal(answered ? { inRequests: 1, outReplies: 1, answered: 1 } : { inRequests: 1, ignored: 1 });
    return answered;
  };

  it('0 answers for an address of any interface', () => {
    expect(answers(0, ask('198.51.100.1'))).to.equal(true);
  });
  it('1 answers only for an address of the interface', () => {
    expect(answers(1, ask('192.0.2.1'))).to.equal(true);
    expect(answers(1, ask('198.51.100.1'))).to.equal(false);
    expect(answers(1, ask('192.0.2.1', '203.0.113.9'))).to.equal(true);
  });
  it('2 answers only senders in the subnet of the address', () => {
    expect(answers(2, ask('192.0.2.1'))).to.equal(true);
    expect(answers(2, ask('192.0.2.1', '203.0.113.9'))).to.equal(false);
  });
  it('3 does not answer for addresses of scope host', () => {
    const owned = {
      eth0: [{ address: '192.0.2.1', bits: 24, scope: RT_SCOPE_HOST }],
      eth1: [{ address: '192.0.2.3', bits: 24, scope: RT_SCOPE_LINK }],
    };
    expect(answers(3, ask('192.0.2.1'), owned)).to.equal(false);
    expect(answers(3, ask('192.0.2.3'), owned)).to.equal(true);
  });
  it('8 answers nobody, probes neither', () => {
    expect(answers(8, ask('192.0.2.1'))).to.equal(false);
    expect(answers(8, ask('192.0.2.1', '0.0.0.0'))).to.equal(false);
  });
  it('is the greater of the interface’s and that of all', () => {
    expect(answers(8, ask('192.0.2.1'), TWO, 'all')).to.equal(false);
  });
});

describe('arp_announce', () => {
  const ADDRESSES = {
    eth0: [
      { address: '192.0.2.1', bits: 24 },
      { address: '198.51.100.1', bits: 24 },
    ],
    eth1: [{ address: '203.0.113.1', bits: 24 }],
  };
  const asks = (value: number, source: string, target = '192.0.2.9'): string | undefined => {
    const { send, sent } = rig({ 'net.ipv4.conf.eth0.arp_announce': value }, ADDRESSES);
    send(target, source);
    return /tell (\S+)/.exec(sent()[0] ?? '')?.[1];
  };

  it('0 asks from the packet’s source, if it is ours', () => {
    expect(asks(0, '203.0.113.1')).to.equal('203.0.113.1');
    expect(asks(0, '10.9.9.9')).to.equal('192.0.2.1');
  });
  it('1 asks from the packet’s source only if it is in a subnet with the target', () => {
    expect(asks(1, '203.0.113.1')).to.equal('192.0.2.1');
    expect(asks(1, '198.51.100.1', '198.51.100.9')).to.equal('198.51.100.1');
  });
  it('2 asks from the address of the target’s subnet', () => {
    expect(asks(2, '192.0.2.1', '198.51.100.9')).to.equal('198.51.100.1');
  });
  it('asks from another interface’s address where it has none', () => {
    const { send, sent } = rig({}, { eth0: [], eth1: [{ address: '203.0.113.1', bits: 24 }] });
    send('192.0.2.9', '10.9.9.9');
    expect(sent()).to.deep.equal([`${BROADCAST} who has 192.0.2.9 (${ZERO}) tell 203.0.113.1 (${OURS})`]);
  });
});

describe('arp_filter', () => {
  it('answers only if packets to the sender would leave by the interface that asked [TcpExt.ArpFilter]', () => {
    const { receive, sent, leaving, moved, stack } = rig({ 'net.ipv4.conf.all.arp_filter': 1 });
    leaving.iface = 'eth1';
    receive(ask('192.0.2.1'));
    expect(sent()).to.deep.equal([]);
    expect(moved()).to.deep.equal({ inRequests: 1, filtered: 1 });
    expect(stack.counters.mib()).to.deep.include({ 'TcpExt.ArpFilter': 1 });
    leaving.iface = 'eth0';
    receive(ask('192.0.2.1'));
    expect(sent()).to.have.length(1);
  });
});

describe('arp_accept', () => {
  const keeps = (value: number, frame: Uint8Array): boolean => {
    const { receive, cache } = rig({ 'net.ipv4.conf.eth0.arp_accept': value });
    receive(frame);
    return cache().length === 1;
  };
  const gratuitous = (address: string): Uint8Array => arpFrame({ spa: address, tpa: address });

  it('1 makes neighbours from gratuitous ARP and unasked replies', () => {
    expect(keeps(0, gratuitous('192.0.2.2'))).to.equal(false);
    expect(keeps(1, gratuitous('192.0.2.2'))).to.equal(true);
    expect(keeps(1, gratuitous('203.0.113.9'))).to.equal(true);
    expect(keeps(1, arpFrame({ op: wire.REPLY, spa: '192.0.2.2', tha: OURS, tpa: '192.0.2.1' }))).to.equal(true);
  });
  it('1 makes none from requests to others', () => {
    expect(keeps(1, arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.3' }))).to.equal(false);
  });
  it('1 makes none for our own address', () => {
    expect(keeps(1, gratuitous('192.0.2.1'))).to.equal(false);
  });
  it('2 makes them only for senders in a subnet of the interface', () => {
    expect(keeps(2, gratuitous('192.0.2.2'))).to.equal(true);
    expect(keeps(2, gratuitous('203.0.113.9'))).to.equal(false);
  });
});

describe('drop_gratuitous_arp', () => {
  it('drops ARP whose sender is its target', () => {
    const { receive, moved } = rig({ 'net.ipv4.conf.eth0.drop_gratuitous_arp': 1 });
    receive(arpFrame({ spa: '192.0.2.2', tpa: '192.0.2.2' }));
    expect(moved()).to.deep.equal({ inRequests: 1, gratuitousDropped: 1 });
  });
});

describe('arp_notify', () => {
  const ANNOUNCEMENT = `${BROADCAST} who has 192.0.2.1 (${ZERO}) tell 192.0.2.1 (${OURS})`;

  it('announces nothing by default', () => {
    const { sent } = rig();
    expect(sent()).to.deep.equal([]);
  });
  it('announces the addresses when the interface comes up', () => {
    const { sent, stack } = rig({ 'net.ipv4.conf.eth0.arp_notify': 1 });
    expect(sent()).to.deep.equal([ANNOUNCEMENT]);
    stack.link.down('eth0');
    stack.link.up('eth0');
    expect(sent()).to.deep.equal([ANNOUNCEMENT]);
  });
  it('announces nothing when only the MTU changes', () => {
    const { sent, stack } = rig({ 'net.ipv4.conf.eth0.arp_notify': 1 });
    sent();
    stack.link.setMtu('eth0', 1400);
    expect(sent()).to.deep.equal([]);
  });
});

describe('arp_evict_nocarrier', () => {
  it('forgets the neighbours with the carrier, unless told not to', () => {
    for (const value of [1, 0]) {
      const { receive, device, cache } = rig({ 'net.ipv4.conf.eth0.arp_evict_nocarrier': value });
      receive(ask('192.0.2.1'));
      device.carrier(false);
      expect(cache()).to.have.length(1 - value);
    }
  });
  it('is off only if both the interface’s and that of all are', () => {
    const { receive, device, cache } = rig({ 'net.ipv4.conf.all.arp_evict_nocarrier': 0 });
    receive(ask('192.0.2.1'));
    device.carrier(false);
    expect(cache()).to.deep.equal([`192.0.2.2 ${PEER} STALE`]);
  });
});
