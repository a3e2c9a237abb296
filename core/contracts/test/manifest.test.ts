// What does not compile is as much of the contract as what does: every `@ts-expect-error` below fails the build where the line compiles.
import {
  ANY,
  allPoint,
  attach,
  attachSome,
  chainPoint,
  definePlugin,
  mapPoint,
  own,
  PASS,
  type Packet,
  provide,
  service,
  u8Point,
  use,
} from '@protoloom/contracts';
import { expect } from 'chai';

const P = u8Point<(packet: Packet) => undefined, (packet: Packet) => 0 | 1 | 2>('test.p', 1);
const Q = u8Point<(packet: Packet) => undefined, (packet: Packet) => 0 | 1 | 2>('test.q', 1);
const E = allPoint<(n: number) => undefined>('test.e', 1);
const M = mapPoint<string, { f(): number }>('test.m', 1);
const C = chainPoint<(packet: Packet) => 0 | 1 | 2>('test.c', 1);
const S = service<{ hello(): string }>('test.s', 1);
const one = attach(P, 17, '^1.0');
const base = { name: 'x', version: '1.0.0', api: '^1.0.0' } as const;

describe('a manifest', () => {
  it('gives create what it declares, typed, and is frozen', () => {
    const plugin = definePlugin({
      ...base,
      uses: { s: use(S, '^1.0') },
      attaches: {
        one,
        both: attachSome([P, Q], 18, '^1.0'),
        any: attach(Q, ANY, '^1.0'),
        e: attach(E, '^1.0'),
        m: attach(M, 'hello', '^1.0'),
      },
      provides: { other: provide(S, '1.0.0') },
      owns: { p: own(P, '1.0.0'), m: own(M, '1.0.0'), e: own(E, '1.0.0'), c: own(C, '1.0.0') },
      counters: { a: { unit: 'packets', doc: '' } },
      sysctls: { b: { path: 'net.b', initial: 1, doc: '' } },
      create({ use: { s }, counters, sysctls, points }) {
        return {
          handlers: {
            one: (packet) => {
              counters.a += packet.head + sysctls.b;
              return undefined;
            },
            both: () => undefined,
            any: () => PASS,
            e: (n) => {
              counters.a += n + points.e.list.length + (points.p.has(3) ? 1 : 0) + (points.c.empty ? 0 : 1) + (points.m.get('x')?.f() ?? 0);
              return undefined;
            },
            m: { f: () => s.hello().length },
          },
          services: { other: { hello: () => 'x' } },
          otherwise: { p: { handler: () => undefined } },
        };
      },
    });
    expect(Object.isFrozen(plugin)).to.equal(true);
  });

  it('does not compile without a handler for an attachment', () => {
    const create = () => ({ handlers: {} });
    // @ts-expect-error no handler `one`
    definePlugin({ ...base, attaches: { one }, create });
  });

  it('does not compile with a handler of the wrong shape, such as an async one', () => {
    const create = () => ({ handlers: { one: async () => undefined } });
    // @ts-expect-error a promise is not undefined
    definePlugin({ ...base, attaches: { one }, create });
  });

  it('does not compile with a key of the wrong type', () => {
    // @ts-expect-error a number is wanted
    attach(P, 'x', '^1.0');
    // @ts-expect-error a map takes no ANY
    attach(M, ANY, '^1.0');
    // @ts-expect-error everyone is called: there is no key
    attach(E, 3, '^1.0');
  });

  it('does not compile with an undeclared counter', () => {
    definePlugin({
      ...base,
      counters: { a: { unit: 'packets', doc: '' } },
      create({ counters }) {
        // @ts-expect-error `b` is not declared
        counters.b++;
        return {};
      },
    });
  });

  it('does not compile with an undeclared handler or service, nor without a promised service', () => {
    const two = () => ({ handlers: { one: () => undefined, two: () => undefined } }) as const;
    // @ts-expect-error `two` is not declared
    definePlugin({ ...base, attaches: { one }, create: two });
    const stray = () => ({ services: { s: 1 } });
    // @ts-expect-error `s` is not declared
    definePlugin({ ...base, create: stray });
    const none = () => ({});
    // @ts-expect-error `s` is promised
    definePlugin({ ...base, provides: { s: provide(S, '1.0.0') }, create: none });
  });
});
