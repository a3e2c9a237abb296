import { parseScript } from '@protoloom/packetdrill';
import { parseAddress } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';
import { comparePacket } from '../dist/packets/compare.js';
import { decodePacket } from '../dist/packets/decode.js';
import { encodePacket } from '../dist/packets/encode.js';
import { formatPacket } from '../dist/packets/format.js';
import type { Packet } from '../dist/packets/packet.js';
import { decodeOptions, encodeOptions } from '../dist/packets/tcp-options.js';

const FOUR = { source: parseAddress('192.0.2.1').toWords(), destination: parseAddress('192.168.0.1').toWords() };
const SIX = { source: parseAddress('2001:db8::1').toWords(), destination: parseAddress('fd00::2').toWords() };

const packet = (family: 4 | 6, part: Partial<Packet>): Packet => ({
  family,
  ...(family === 4 ? FOUR : SIX),
  tos: 0x2e,
  ttl: 61,
  flowLabel: family === 4 ? 0 : 0x12345,
  extraHeaders: 0,
  fragment: undefined,
  protocol: 6,
  transport: {
    protocol: 'tcp',
    sourcePort: 5000,
    destinationPort: 80,
    seq: 0xffff_fffe,
    ack: 0x8000_0000,
    flags: 0x1d2,
    reserved: 0,
    window: 65_535,
    urgent: 9,
    options: [{ name: 'mss', value: 1460 }, { name: 'sackOK' }, { name: 'TS', val: 0xffff_ffff, ecr: 1 }],
  },
  payload: Uint8Array.of(1, 2, 3),
  badChecksums: [],
  ...part,
});

const KINDS: readonly (readonly [name: string, part: (family: 4 | 6) => Partial<Packet>])[] = [
  ['TCP', () => ({})],
  ['UDP', () => ({ protocol: 17, transport: { protocol: 'udp', sourcePort: 1, destinationPort: 65_535, length: 11 } })],
  ['ICMP', (family) => ({ protocol: family === 4 ? 1 : 58, transport: { protocol: 'icmp', type: 3, code: 4, rest: 0xffff_0001 } })],
  ['another protocol', () => ({ protocol: 132, transport: { protocol: 'other' } })],
  ['a fragment', () => ({ transport: { protocol: 'other' }, fragment: { offset: 1480, more: true, id: 77 } })],
];

describe('packets', () => {
  for (const family of [4, 6] as const)
    for (const [name, part] of KINDS)
      it(`IPv${family}, ${name}: octets and back, with checksums that hold`, () => {
        const given = packet(family, part(family));
        expect(decodePacket(encodePacket(given))).to.deep.equal(given);
      });

  it('RFC 1071: the checksum of octets worked out by hand', () => {
    // 45 00 00 1d | 00 00 00 00 | ff 11 .. .. | c0 00 02 01 | c0 a8 00 02, and UDP 1 > 2 of one octet 0x41.
    const bytes = encodePacket(
      packet(4, {
        tos: 0,
        ttl: 255,
        protocol: 17,
        transport: { protocol: 'udp', sourcePort: 1, destinationPort: 2, length: 9 },
        payload: Uint8Array.of(0x41),
      }),
    );
    // 4500+001d+ff11+c000+0201+c0a8+0001 = 2c6d8 -> c6da, its complement 3925.
    expect([...bytes.subarray(10, 12)]).to.deep.equal([0x39, 0x25]);
    // c000+0201+c0a8+0001+0011+0009 + 0001+0002+0009+4100 = 1c3d0 -> c3d1, its complement 3c2e.
    expect([...bytes.subarray(26, 28)]).to.deep.equal([0x3c, 0x2e]);
  });

  it('a checksum that does not hold is told', () => {
    const bytes = encodePacket(packet(4, {}));
    bytes[30] = (bytes[30] as number) ^ 1;
    expect(decodePacket(bytes)).to.deep.include({ badChecksums: ['TCP'] });
    bytes[8] = 1;
    expect(decodePacket(bytes)).to.deep.include({ badChecksums: ['IPv4', 'TCP'] });
  });

  it('any octets are a packet or a reason, and nothing throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x45, 0x4f, 0x60, 0x00), (bytes, first) => {
        if (bytes.length > 0) bytes[0] = first;
        const found = decodePacket(bytes);
        if (typeof found !== 'string') expect(formatPacket(found)).to.be.a('string');
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  it('TCP options: octets of RFC 9293, 7323, 2018, 7413, 6994, 9768 and back', () => {
    const cases: readonly (readonly [script: string, hex: string])[] = [
      ['<mss 1460,nop,wscale 7>', '020405b4 01 030307'],
      ['<sackOK,eol,eol>', '0402 00 00'],
      ['<nop,nop,TS val 1 ecr 4294967295>', '0101 080a 00000001 ffffffff'],
      ['<nop,nop,sack 1:2 3:4>', '0101 0512 00000001 00000002 00000003 00000004'],
      ['<FO,nop,nop>', '2202 0101'],
      ['<FO 0102030405060708,nop,nop>', '220a 0102030405060708 0101'],
      ['<FOEXP 0a0b,nop,nop>', 'fe06 f989 0a0b 0101'],
      ['<ECN e0b 1 ceb 2 e1b 3,nop>', 'ac0b 000001 000002 000003 01'],
      ['<ECN e1b 1,nop,nop,nop>', 'ae05 000001 01 01 01'],
      ['<kind 253 c0ff>', 'fd04 c0ff'],
      ['<md5 000102030405060708090a0b0c0d0e0f,nop,nop>', '1312 000102030405060708090a0b0c0d0e0f 0101'],
    ];
    for (const [script, hex] of cases) {
      const { action } = parseScript(`0 > . 1:1(0) ${script}`).events[0] ?? {};
      const options =
        action?.kind === 'packet' && action.packet.transport.protocol === 'tcp' ? (action.packet.transport.options ?? []) : [];
      const octets = encodeOptions(options);
      expect(Buffer.from(octets).toString('hex'), script).to.equal(hex.replaceAll(' ', ''));
      expect(decodeOptions(Uint8Array.from(octets)), script).to.deep.equal(options);
    }
  });

  it('options of impossible lengths end the list', () => {
    expect(decodeOptions(Uint8Array.of(1, 2, 9, 5))).to.deep.equal([{ name: 'nop' }, { name: 'kind', kind: 2, octets: '05' }]);
    expect(decodeOptions(Uint8Array.of(8, 0))).to.deep.equal([{ name: 'kind', kind: 8, octets: '' }]);
    expect(decodeOptions(Uint8Array.of(5))).to.deep.equal([{ name: 'kind', kind: 5, octets: '' }]);
  });

  it('each attribute of IP is held against its own field, in IPv6 as well', () => {
    const compare = (text: string, actual: Packet): string[] => {
      const { action } = parseScript(`0 > ${text}`).events[0] ?? {};
      return action?.kind === 'packet' ? comparePacket(action.packet, actual).map(({ field }) => field) : ['no packet'];
    };
    const datagram = packet(6, {
      protocol: 17,
      transport: { protocol: 'udp', sourcePort: 1, destinationPort: 2, length: 11 },
      payload: new Uint8Array(3),
    });
    expect(compare('[tos 0x2e] udp (3)', datagram)).to.deep.equal([]);
    expect(compare('[tos 0x2f] udp (3)', datagram)).to.deep.equal(['tos']);
    expect(compare('[ect0] udp (3)', datagram)).to.deep.equal([]);
    expect(compare('[ect01, ttl 61] udp (3)', datagram)).to.deep.equal([]);
    expect(compare('[ce, ttl 60] udp (3)', datagram)).to.deep.equal(['ecn', 'ttl']);
    expect(compare('udp (3)', { ...datagram, payload: Uint8Array.of(0, 7, 0) })).to.deep.equal(['payload octet 1']);
    const piece = packet(6, {
      protocol: 17,
      transport: { protocol: 'other' },
      fragment: { offset: 8, more: true, id: 1 },
      payload: new Uint8Array(16),
    });
    expect(compare('[frag 8:24] udp (100)', piece)).to.deep.equal([]);
    expect(compare('[frag 8:24] udp (16)', piece)).to.deep.equal(['more fragments']);
    expect(compare('[frag 0:16] udp (100)', piece)).to.deep.equal(['fragment']);
    expect(compare('udp (100)', piece)).to.deep.equal(['fragment', 'protocol']);
  });
});
