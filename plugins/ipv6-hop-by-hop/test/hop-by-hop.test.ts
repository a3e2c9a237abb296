import { ALL_NODES, Ip6Host, ip6, TEST_TRANSPORT } from '@protoloom/frames';
import { expect } from 'chai';

const HOP_BY_HOP = 0;
const PLUGIN = '@protoloom/ipv6-hop-by-hop';
const IPV6 = '@protoloom/ipv6';

const header = (options: readonly number[], next = TEST_TRANSPORT): number[] => [next, (options.length + 2) / 8 - 1, ...options];
const withOptions = (options: readonly number[], fields: Parameters<typeof ip6>[1] = {}): readonly number[] =>
  ip6([...header(options), 1, 2, 3], { next: HOP_BY_HOP, ...fields });
const PAD6 = [1, 4, 0, 0, 0, 0];
const ROUTER_ALERT = [5, 2, 0, 0];
/** At an offset of 4n + 2, as it has to be. */
const jumbo = (length: number): number[] => [0xc2, 4, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];

describe('hop-by-hop options that are passed', () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['padding [RFC 8200 §4.2]', PAD6],
    ['a router alert, which is for routers [RFC 2711 §2.1]', [...ROUTER_ALERT, 1, 0]],
    ['an unknown option whose bits are 00 [RFC 8200 §4.2]', [0x1e, 4, 1, 2, 3, 4]],
    ['CALIPSO, whose bits are 00 [RFC 5570 §5.1]', [7, 4, 0, 0, 0, 1]],
  ];
  for (const [what, options] of cases) {
    it(what, () => {
      const host = new Ip6Host();
      host.receive(withOptions(options));
      expect(host.received).to.deep.equal([[1, 2, 3]]);
      expect(host.counts(PLUGIN)).to.deep.equal({});
      expect(host.problems).to.deep.equal([]);
    });
  }
});

describe('hop-by-hop options that end a packet', () => {
  type Problems = (readonly [string, number])[];
  const cases: readonly (readonly [string, readonly number[], Record<string, number>, Problems, string?])[] = [
    ['a header longer than its packet [RFC 8200 §4.3]', ip6([TEST_TRANSPORT, 1, ...PAD6], { next: 0 }), { truncated: 1 }, []],
    ['an option longer than its header [RFC 8200 §4.2]', withOptions([0x1e, 5, 0, 0, 0, 0]), { truncated: 1 }, []],
    ['padding that is not zero [RFC 4942 §2.1.9.5]', withOptions([1, 4, 0, 0, 7, 0]), { badPadding: 1 }, []],
    ['a router alert of another length [RFC 2711 §2.1]', withOptions([5, 4, 0, 0, 0, 0]), { badOption: 1 }, []],
    ['bits 01, silently [RFC 8200 §4.2]', withOptions([0x5e, 4, 0, 0, 0, 0]), { unknownOption: 1 }, []],
    [
      'bits 10, with code 2 at the option, also to a group [RFC 8200 §4.2]',
      withOptions([0x9e, 4, 0, 0, 0, 0], { destination: ALL_NODES }),
      { unknownOption: 1 },
      [['parameter problem 2', 42]],
    ],
    [
      'bits 11, to a group silently [RFC 8200 §4.2]',
      withOptions([0xde, 4, 0, 0, 0, 0], { destination: ALL_NODES }),
      { unknownOption: 1 },
      [],
    ],
    [
      'bits 11, with code 2 at the option [RFC 8200 §4.2]',
      withOptions([0xde, 4, 0, 0, 0, 0]),
      { unknownOption: 1 },
      [['parameter problem 2', 42]],
    ],
    [
      'a jumbogram, of which less came in [RFC 2675 §3]',
      withOptions(jumbo(65_536), { length: 0 }),
      { jumbogram: 1 },
      [],
      'Ip6.InTruncatedPkts',
    ],
    ['a jumbo payload option of another length [RFC 2675 §2]', withOptions([0xc2, 2, 0, 1, 0, 0], { length: 0 }), { badOption: 1 }, []],
    [
      'a jumbo payload option not aligned [RFC 2675 §2]',
      withOptions([1, 0, ...jumbo(65_536), ...PAD6], { length: 0 }),
      { badOption: 1 },
      [],
    ],
    [
      'a jumbo payload length below 65,536, with code 0 at it [RFC 2675 §3]',
      withOptions(jumbo(65_535), { length: 0 }),
      { badOption: 1 },
      [['parameter problem 0', 44]],
    ],
    [
      'a jumbo payload option beside a payload length, with code 0 at it [RFC 2675 §3]',
      withOptions(jumbo(65_536)),
      { badOption: 1 },
      [['parameter problem 0', 42]],
    ],
    [
      'a payload length of 0 without a jumbo payload option, with code 0 at the length [RFC 2675 §3]',
      withOptions(PAD6, { length: 0 }),
      { badOption: 1 },
      [['parameter problem 0', 4]],
    ],
  ];
  for (const [what, packet, expected, problems, mib = 'Ip6.InHdrErrors'] of cases) {
    it(what, () => {
      const host = new Ip6Host();
      host.receive(packet);
      expect(host.received).to.deep.equal([]);
      expect(host.counts(PLUGIN)).to.deep.equal(expected);
      expect(host.problems).to.deep.equal(problems);
      expect(host.stack.conservation()).to.include({ received: 1, fates: 1, inHand: 0 });
      expect(host.stack.counters.mib()[mib]).to.equal(1);
    });
  }

  it('more or longer than max_hbh_opts_number and max_hbh_length allow [RFC 8504 §5.3]', () => {
    const host = new Ip6Host({ sysctls: { 'net.ipv6.max_hbh_opts_number': 0, 'net.ipv6.max_hbh_length': 8 } });
    host.receive(withOptions([...ROUTER_ALERT, 1, 0]));
    host.receive(withOptions([...PAD6, 0, 5, 2, 0, 0, 0, 0, 0]));
    expect(host.received).to.deep.equal([]);
    expect(host.counts(PLUGIN)).to.deep.equal({ tooMany: 1, tooLong: 1 });
  });

  it('anywhere but first: an unknown next header, code 1 at its number [RFC 8200 §4]', () => {
    const host = new Ip6Host();
    host.receive(ip6([...header(PAD6, HOP_BY_HOP), ...header(PAD6), 1], { next: HOP_BY_HOP }));
    host.receive(ip6([...header(PAD6, HOP_BY_HOP), ...header(PAD6), 1], { next: 60 }));
    expect(host.received).to.deep.equal([]);
    expect(host.problems).to.deep.equal([
      ['parameter problem 1', 40],
      ['parameter problem 1', 40],
    ]);
    expect(host.counts(IPV6)).to.include({ unknownProtocol: 2 });
  });

  it('all of them, where the plugin is not there: an unknown next header [RFC 8200 §4]', () => {
    const host = new Ip6Host({ without: ['ipv6-hop-by-hop'] });
    host.receive(withOptions(PAD6));
    expect(host.problems).to.deep.equal([['parameter problem 1', 6]]);
  });
});
