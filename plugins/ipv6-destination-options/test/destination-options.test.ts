import { attach, definePlugin } from '@protoloom/contracts';
import { IP6_DESTINATION_OPTION } from '@protoloom/contracts/ipv6';
import { ALL_NODES, Ip6Host, ip6, TEST_TRANSPORT } from '@protoloom/frames';
import { expect } from 'chai';

const DESTINATION_OPTIONS = 60;
const PLUGIN = '@protoloom/ipv6-destination-options';

/** The header around these options, which together with its two octets are a multiple of eight. */
function withOptions(options: readonly number[], destination?: readonly number[]): readonly number[] {
  const header = [TEST_TRANSPORT, (options.length + 2) / 8 - 1, ...options];
  return ip6([...header, 1, 2, 3], { next: DESTINATION_OPTIONS, ...(destination === undefined ? {} : { destination }) });
}
const option = (type: number, octets: number): number[] => [type, octets, ...new Array<number>(octets).fill(0xee)];
const PAD4 = [1, 2, 0, 0];
/** `count` options of an unknown type that is to be skipped, each of eight octets; the last is two shorter. */
const many = (count: number): number[] => Array.from({ length: count }, (_, i) => option(0x1e, i === count - 1 ? 4 : 6)).flat();

describe('destination options that are passed', () => {
  const cases: readonly (readonly [string, number[]])[] = [
    ['Pad1 alone [RFC 8200 §4.2]', [0, 0, 0, 0, 0, 0]],
    ['PadN alone [RFC 8200 §4.2]', [1, 4, 0, 0, 0, 0]],
    ['seven octets of padding in a row [RFC 4942 §2.1.9.5]', [...option(0x1e, 5), 1, 5, 0, 0, 0, 0, 0].slice(0, 14)],
    ['an unknown option whose bits are 00 [RFC 8200 §4.2]', option(0x1e, 4)],
    ['the tunnel encapsulation limit, which is for tunnels [RFC 2473 §4.1.1]', [4, 1, 9, 0, 0, 0]],
    ['eight options [RFC 8504 §5.3]', many(8)],
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

  it('and those that somebody attaches to [RFC 8200 §4.6]', () => {
    const seen: number[][] = [];
    const mine = definePlugin({
      name: 'mine',
      version: '1.0.0',
      api: '^1.0.0',
      attaches: { option: attach(IP6_DESTINATION_OPTION, 0xde, '^1.0') },
      create: () => ({ handlers: { option: ({ bytes }, at) => seen.push([...bytes.subarray(at, at + 6)]) > 0 } }),
    });
    const host = new Ip6Host({ with: [mine] });
    host.receive(withOptions([0xde, 4, 1, 2, 3, 4]));
    expect(seen).to.deep.equal([[0xde, 4, 1, 2, 3, 4]]);
    expect(host.received).to.deep.equal([[1, 2, 3]]);
  });
});

describe('destination options that end a packet', () => {
  const cases: readonly (readonly [string, readonly number[], Record<string, number>, (readonly [string, number])[]])[] = [
    ['a header longer than its packet [RFC 8200 §4.6]', ip6([TEST_TRANSPORT, 1, ...PAD4, 0, 0], { next: 60 }), { truncated: 1 }, []],
    ['less than eight octets [RFC 8200 §4.6]', ip6([TEST_TRANSPORT, 0, 0, 0], { next: 60 }), { truncated: 1 }, []],
    ['an option longer than its header [RFC 8200 §4.2]', withOptions([0x1e, 5, 0, 0, 0, 0]), { truncated: 1 }, []],
    ['an option without a length [RFC 8200 §4.2]', withOptions([...PAD4, 0, 0x1e]), { truncated: 1 }, []],
    ['eight octets of Pad1 [RFC 4942 §2.1.9.5]', withOptions([...option(0x1e, 4), ...new Array<number>(8).fill(0)]), { badPadding: 1 }, []],
    ['PadN of eight octets [RFC 4942 §2.1.9.5]', withOptions([...option(0x1e, 4), 1, 6, 0, 0, 0, 0, 0, 0]), { badPadding: 1 }, []],
    ['padding that is not zero [RFC 4942 §2.1.9.5]', withOptions([1, 4, 0, 0, 7, 0]), { badPadding: 1 }, []],
    ['nine options [RFC 8504 §5.3]', withOptions(many(9)), { tooMany: 1 }, []],
    ['bits 01, silently [RFC 8200 §4.2]', withOptions(option(0x5e, 4)), { unknownOption: 1 }, []],
    [
      'bits 10, with code 2 at the option [RFC 8200 §4.2]',
      withOptions([...PAD4, 0x9e, 0]),
      { unknownOption: 1 },
      [['parameter problem 2', 46]],
    ],
    [
      'bits 10, to a group as well [RFC 8200 §4.2]',
      withOptions(option(0x9e, 4), ALL_NODES),
      { unknownOption: 1 },
      [['parameter problem 2', 42]],
    ],
    [
      'bits 11, with code 2 at the option [RFC 8200 §4.2]',
      withOptions(option(0xde, 4)),
      { unknownOption: 1 },
      [['parameter problem 2', 42]],
    ],
    ['bits 11, to a group silently [RFC 8200 §4.2]', withOptions(option(0xde, 4), ALL_NODES), { unknownOption: 1 }, []],
  ];
  for (const [what, packet, expected, problems] of cases) {
    it(what, () => {
      const host = new Ip6Host();
      host.receive(packet);
      expect(host.received).to.deep.equal([]);
      expect(host.counts(PLUGIN)).to.deep.equal(expected);
      expect(host.problems).to.deep.equal(problems);
      expect(host.stack.conservation()).to.include({ received: 1, fates: 1, inHand: 0 });
      expect(host.stack.counters.mib()['Ip6.InHdrErrors']).to.equal(1);
    });
  }

  it('more than max_dst_opts_number allows, and unknown ones where it is below zero [RFC 8504 §5.3]', () => {
    const host = new Ip6Host({ sysctls: { 'net.ipv6.max_dst_opts_number': 1 } });
    host.receive(withOptions(many(2)));
    expect(host.counts(PLUGIN)).to.deep.equal({ tooMany: 1 });
    host.stack.sysctl.set('net.ipv6.max_dst_opts_number', -8);
    host.receive(withOptions(option(0xde, 4)));
    expect(host.counts(PLUGIN)).to.deep.equal({ tooMany: 1, unknownOption: 1 });
    expect(host.problems).to.deep.equal([]);
  });

  it('longer than max_dst_opts_length [RFC 8504 §5.3]', () => {
    const host = new Ip6Host({ sysctls: { 'net.ipv6.max_dst_opts_length': 8 } });
    host.receive(withOptions(option(0x1e, 4)));
    host.receive(withOptions(many(2)));
    expect(host.received).to.have.length(1);
    expect(host.counts(PLUGIN)).to.deep.equal({ tooLong: 1 });
  });

  it('all of them, where the plugin is not there: an unknown next header [RFC 8200 §4]', () => {
    const host = new Ip6Host({ without: ['ipv6-destination-options'] });
    host.receive(withOptions(PAD4.concat([0, 0])));
    expect(host.problems).to.deep.equal([['parameter problem 1', 6]]);
    expect(host.counts('@protoloom/ipv6')).to.include({ unknownProtocol: 1 });
  });
});

describe('the order of extension headers [RFC 8200 §4]', () => {
  it('may be any, and a header may come again', () => {
    const host = new Ip6Host();
    const options = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0];
    const routing = (next: number): number[] => [next, 0, 0, 0, 0, 0, 0, 0];
    host.receive(ip6([...options(60), ...options(43), ...routing(60), ...options(TEST_TRANSPORT), 9], { next: 60 }));
    expect(host.received).to.deep.equal([[9]]);
  });

  it('an unknown header behind others is pointed to where its number stands, with code 1', () => {
    const host = new Ip6Host();
    host.receive(ip6([60, 0, 1, 4, 0, 0, 0, 0, 200, 0, 1, 4, 0, 0, 0, 0, 1, 2], { next: 60 }));
    expect(host.problems).to.deep.equal([['parameter problem 1', 48]]);
  });

  it('ends with No Next Header, silently', () => {
    const host = new Ip6Host();
    host.receive(ip6([59, 0, 1, 4, 0, 0, 0, 0, 1, 2], { next: 60 }));
    expect(host.problems).to.deep.equal([]);
    expect(host.counts('@protoloom/ipv6')).to.include({ noNextHeader: 1 });
  });
});
