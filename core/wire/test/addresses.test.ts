import { BlockList, isIP } from 'node:net';
import { AddressError, InterfaceAddress, Ip4Address, Ip6Address, MacAddress, Mask, Prefix, parseAddress, Wildcard } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';

describe('IPv4 addresses', () => {
  for (const text of ['1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', '0x1.2.3.4', '1.2.3.4 ', '', '1..2.3', '1.2.3.-4', '１.2.3.4']) {
    it(`refuses "${text}" [RFC 1123 §2.1]`, () => {
      expect(Ip4Address.tryParse(text)).to.equal(undefined);
      expect(() => Ip4Address.parse(text)).to.throw(AddressError, 'four decimal numbers');
    });
  }

  it('come back from their text, octets and words', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = Ip4Address.parse(text);
        expect(address.toString()).to.equal(text);
        expect(Ip4Address.fromBytes(address.toBytes()).equals(address)).to.equal(true);
        expect(Ip4Address.fromWords(address.toWords(), 0).equals(address)).to.equal(true);
      }),
    );
  });

  it('are classed as the registries class them [RFC 6890]', () => {
    const of = (text: string) => Ip4Address.parse(text);
    expect(of('172.31.255.255').isPrivate).to.equal(true);
    expect(of('172.32.0.0').isPrivate).to.equal(false);
    expect(of('203.0.113.9').isDocumentation).to.equal(true);
    expect(of('100.64.0.1').isGlobal).to.equal(false);
    expect(of('8.8.8.8').isGlobal).to.equal(true);
    expect(of('224.0.0.1').isMulticast).to.equal(true);
    expect(of('255.255.255.255').isReserved).to.equal(false);
    expect(of('240.0.0.1').isReserved).to.equal(true);
  });

  it('map groups to MAC addresses by their lower 23 bits [RFC 1112 §6.4]', () => {
    expect(Ip4Address.parse('239.129.2.3').toGroupMac().toString()).to.equal('01:00:5e:01:02:03');
  });

  it('have reverse names [RFC 1035 §3.5]', () => {
    expect(Ip4Address.parse('192.0.2.5').toReverseName()).to.equal('5.2.0.192.in-addr.arpa');
  });
});

describe('IPv6 addresses', () => {
  const canonical: readonly (readonly [string, string])[] = [
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:C000:0201', '::ffff:192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ];
  for (const [text, expected] of canonical) {
    it(`writes ${text} as ${expected} [RFC 5952 §4]`, () => expect(Ip6Address.parse(text).toString()).to.equal(expected));
  }

  for (const text of [
    '1::2::3',
    ':1:2',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    '1.2.3.4::',
    'g::',
    '::%',
    '1:2:3:4:5:6:7:8::',
  ]) {
    it(`refuses "${text}" [RFC 4291 §2.2]`, () => expect(Ip6Address.tryParse(text)).to.equal(undefined));
  }

  it('agree with another parser on what is an address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(isIP(text)).to.equal(6);
        const address = Ip6Address.parse(text);
        expect(isIP(address.toString())).to.equal(6);
        expect(Ip6Address.parse(address.toString()).equals(address)).to.equal(true);
        const list = new BlockList();
        list.addAddress(text, 'ipv6');
        expect(list.check(address.toString(), 'ipv6')).to.equal(true);
      }),
    );
  });

  it('form solicited-node groups and their MAC addresses [RFC 4291 §2.7.1, RFC 2464 §7]', () => {
    const group = Ip6Address.parse('2001:db8::12:3456').toSolicitedNode();
    expect(group.toString()).to.equal('ff02::1:ff12:3456');
    expect(group.toGroupMac().toString()).to.equal('33:33:ff:12:34:56');
  });

  it('hold IPv4 addresses when mapped, 6to4 and Teredo [RFC 3056, RFC 4380 §4]', () => {
    expect(String(Ip6Address.parse('::ffff:192.0.2.1').embeddedIp4)).to.equal('192.0.2.1');
    expect(String(Ip6Address.parse('2002:c000:204::').embeddedIp4)).to.equal('192.0.2.4');
    expect(String(Ip6Address.parse('2001:0:4136:e378:8000:63bf:3fff:fdd2').embeddedIp4)).to.equal('192.0.2.45');
  });
});

describe('MAC addresses', () => {
  for (const text of ['02:00:5e:10:00:ff', '02-00-5E-10-00-FF', '0200.5e10.00ff']) {
    it(`reads ${text}`, () => expect(MacAddress.parse(text).toString()).to.equal('02:00:5e:10:00:ff'));
  }
  for (const text of ['02:00-5e:10:00:ff', '2:0:5e:10:0:ff', '02:00:5e:10:00', '02005e1000ff']) {
    it(`refuses ${text}`, () => expect(() => MacAddress.parse(text)).to.throw(AddressError));
  }
  it('form interface identifiers [RFC 4291 appendix A]', () => {
    expect([...MacAddress.parse('34:56:78:9a:bc:de').toEui64()]).to.deep.equal([0x36, 0x56, 0x78, 0xff, 0xfe, 0x9a, 0xbc, 0xde]);
  });
});

describe('prefixes [RFC 4632]', () => {
  const prefix = (text: string) => Prefix.parse(text);

  it('refuse bits after the prefix, and say which network it is', () => {
    expect(() => prefix('192.0.2.1/24')).to.throw(AddressError, 'the network is 192.0.2.0/24');
    expect(() => prefix('192.0.2.0/33')).to.throw(AddressError, 'from 0 to 32');
    expect(() => prefix('192.0.2.0/024')).to.throw(AddressError);
  });

  it('contain and overlap', () => {
    expect(prefix('10.0.0.0/8').contains(parseAddress('10.255.0.1'))).to.equal(true);
    expect(prefix('10.0.0.0/8').contains(parseAddress('::ffff:10.0.0.1'))).to.equal(false);
    expect(prefix('10.0.0.0/8').overlaps(prefix('10.1.0.0/16'))).to.equal(true);
    expect(prefix('10.0.0.0/9').overlaps(prefix('10.128.0.0/9'))).to.equal(false);
  });

  it('have no broadcast address at /31 and /32 [RFC 3021]', () => {
    expect(String(prefix('192.0.2.0/24').broadcast)).to.equal('192.0.2.255');
    expect(prefix('192.0.2.0/31').broadcast).to.equal(undefined);
    expect(prefix('192.0.2.1/32').broadcast).to.equal(undefined);
  });

  it('are excluded from, divided and summarised', () => {
    expect(prefix('10.0.0.0/30').exclude(prefix('10.0.0.1/32')).map(String)).to.deep.equal(['10.0.0.0/32', '10.0.0.2/31']);
    expect(prefix('10.0.0.0/30').subnets(31).map(String)).to.deep.equal(['10.0.0.0/31', '10.0.0.2/31']);
    const parts = ['10.0.0.0/25', '10.0.0.128/25', '10.0.1.0/24', '10.0.0.7/32'].map(prefix);
    expect(Prefix.summarise(parts).map(String)).to.deep.equal(['10.0.0.0/23']);
  });

  it('give masks, wildcards and interface addresses', () => {
    expect(Mask.parse('255.255.240.0').length).to.equal(20);
    expect(() => Mask.parse('255.0.255.0')).to.throw(AddressError, 'contiguous');
    expect(Wildcard.parse('10.0.0.1', '0.255.0.0').matches(Ip4Address.parse('10.77.0.1'))).to.equal(true);
    const address = InterfaceAddress.parse('192.0.2.9/28');
    expect([String(address.address), String(address.network)]).to.deep.equal(['192.0.2.9', '192.0.2.0/28']);
  });
});
