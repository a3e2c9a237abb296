import { ALL_NODES, Ip6Host, ip6, TEST_TRANSPORT } from '@protoloom/frames';
import { expect } from 'chai';

const ROUTING = 43;
const PLUGIN = '@protoloom/ipv6-routing';

const withRoute = (type: number, left: number, fields: Parameters<typeof ip6>[1] = {}): readonly number[] =>
  ip6([TEST_TRANSPORT, 2, type, left, ...new Array<number>(20).fill(0), 1, 2, 3], { next: ROUTING, ...fields });

describe('routing headers', () => {
  for (const type of [0, 2, 3, 4, 200]) {
    it(`of type ${type} are passed over where no segments are left [RFC 8200 §4.4, RFC 5095 §3]`, () => {
      const host = new Ip6Host();
      host.receive(withRoute(type, 0));
      expect(host.received).to.deep.equal([[1, 2, 3]]);
      expect(host.counts(PLUGIN)).to.deep.equal({});
    });
  }
  type Problems = (readonly [string, number])[];
  const cases: readonly (readonly [string, readonly number[], Record<string, number>, Problems, string])[] = [
    [
      'type 0 with a segment left, code 0 at its type [RFC 5095 §3]',
      withRoute(0, 1),
      { unknownType: 1 },
      [['parameter problem 0', 42]],
      'Hdr',
    ],
    [
      'an unknown type with a segment left, code 0 at its type [RFC 8200 §4.4]',
      withRoute(200, 255),
      { unknownType: 1 },
      [['parameter problem 0', 42]],
      'Hdr',
    ],
    [
      'a header longer than its packet [RFC 8200 §4.4]',
      ip6([TEST_TRANSPORT, 1, 0, 0, 0, 0, 0, 0], { next: 43 }),
      { truncated: 1 },
      [],
      'Hdr',
    ],
    ['less than eight octets [RFC 8200 §4.4]', ip6([TEST_TRANSPORT, 0, 0, 0], { next: 43 }), { truncated: 1 }, [], 'Hdr'],
    ['one in a packet to a group, silently [RFC 5095 §3, Linux]', withRoute(0, 1, { destination: ALL_NODES }), { notToUs: 1 }, [], 'Addr'],
  ];
  for (const [what, packet, expected, problems, mib] of cases) {
    it(`refuse ${what}`, () => {
      const host = new Ip6Host();
      host.receive(packet);
      expect(host.received).to.deep.equal([]);
      expect(host.counts(PLUGIN)).to.deep.equal(expected);
      expect(host.problems).to.deep.equal(problems);
      expect(host.stack.counters.mib()[`Ip6.In${mib}Errors`]).to.equal(1);
      expect(host.stack.conservation()).to.include({ received: 1, fates: 1, inHand: 0 });
    });
  }

  it('are an unknown next header where the plugin is not there [RFC 8200 §4]', () => {
    const host = new Ip6Host({ without: ['ipv6-routing'] });
    host.receive(withRoute(0, 0));
    expect(host.problems).to.deep.equal([['parameter problem 1', 6]]);
  });
});
