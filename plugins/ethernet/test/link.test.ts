import { ARPHRD_ETHER, ETH_P_IP, ETH_P_IPV6 } from '@protoloom/contracts';
import { expect } from 'chai';
import { frame, lengthFrame, OURS, octets, PEER, rig } from './rig.js';

const mapped = (address: string): Int32Array => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return Int32Array.of(0, 0, 0xffff, (a << 24) | (b << 16) | (c << 8) | d);
};

describe('Ethernet as a link type', () => {
  it('writes the header: destination, source, EtherType [RFC 894]', () => {
    const { iface } = rig();
    const into = new Uint8Array(16);
    iface.link.writeHeader(iface, ETH_P_IPV6, Uint8Array.of(0, ...octets(PEER)), 1, into, 2);
    expect(Array.from(into)).to.deep.equal([0, 0, ...octets(PEER), ...octets(OURS), 0x86, 0xdd]);
  });

  for (const [group, address] of [
    ['224.0.0.1', '01:00:5e:00:00:01'],
    ['239.255.1.2', '01:00:5e:7f:01:02'],
  ] as const) {
    it(`maps ${group} to ${address} [RFC1112-6.4]`, () => {
      const into = new Uint8Array(6);
      expect(rig().iface.link.groupAddress(mapped(group), 0, into)).to.equal(true);
      expect(Array.from(into)).to.deep.equal(octets(address));
    });
  }

  it('maps an IPv6 group to 33:33 and its last four octets [RFC2464-7]', () => {
    const into = new Uint8Array(6);
    expect(rig().iface.link.groupAddress(Int32Array.of(0xff020000 | 0, 0, 1, 0xffabcdef | 0), 0, into)).to.equal(true);
    expect(Array.from(into)).to.deep.equal(octets('33:33:ff:ab:cd:ef'));
  });

  it('has no group address for what is no group', () => {
    expect(rig().iface.link.groupAddress(mapped('192.0.2.1'), 0, new Uint8Array(6))).to.equal(false);
  });

  it('tells frames in words', () => {
    const { stack } = rig();
    const [ethernet] = stack.dissect(frame(OURS, PEER, ETH_P_IP, '45'), ARPHRD_ETHER);
    expect(ethernet).to.deep.include({ name: 'Ethernet', text: '02:00:00:00:00:02 > 02:00:00:00:00:01 type 0x0800' });
    const [stp] = stack.dissect(lengthFrame('01:80:c2:00:00:00', '424203 0000'), ARPHRD_ETHER);
    expect(stp?.text).to.equal('02:00:00:00:00:02 > 01:80:c2:00:00:00 802.3 length 5 LLC 0x42');
    const [snap] = stack.dissect(lengthFrame(OURS, 'aaaa03 00000c 2000 02'), ARPHRD_ETHER);
    expect(snap?.text).to.equal('02:00:00:00:00:02 > 02:00:00:00:00:01 802.3 length 9 SNAP 00000c 0x2000');
    expect(stack.dissect(Uint8Array.of(1, 2, 3), ARPHRD_ETHER).map(({ name }) => name)).not.to.include('Ethernet');
  });
});
