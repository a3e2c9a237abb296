import {
  ANY,
  allPoint,
  attach,
  type Chain,
  chainPoint,
  DROP,
  definePlugin,
  type Everyone,
  type Lookup,
  mapPoint,
  own,
  PASS,
  type Plugin,
  TAKEN,
  type Table,
  u8Point,
  type Verdict,
} from '@protoloom/contracts';
import { AssemblyError } from '@protoloom/stack';
import { expect } from 'chai';
import { manifest, stackOf } from './rig.js';

const OPEN = u8Point<(n: number) => undefined, (n: number) => Verdict>('test.open', 1);
const HOOK = chainPoint<(n: number) => Verdict>('test.hook', 1);
const EVERYONE = allPoint<() => string>('test.everyone', 1);
const NAMED = mapPoint<{ domain: number; type: number }, () => string>('test.named', 1, {
  keyOf: ({ domain, type }) => domain * 100 + type,
});
const PEOPLED = allPoint<() => string>('test.peopled', 1, { min: 2 });

/** The four points as their owner sees them, and what was called. */
function rig() {
  const calls: string[] = [];
  let view!: { open: Table<(n: number) => undefined>; hook: Chain<(n: number) => Verdict> } & {
    everyone: Everyone<() => string>;
    named: Lookup<{ domain: number; type: number }, () => string>;
  };
  const owner = definePlugin({
    ...manifest,
    name: 'owner',
    owns: { open: own(OPEN, '1.0.0'), hook: own(HOOK, '1.0.0'), everyone: own(EVERYONE, '1.0.0'), named: own(NAMED, '1.0.0') },
    create({ points }) {
      view = points;
      return { otherwise: { open: { handler: (n: number) => void calls.push(`owner ${n}`) } } };
    },
  });
  const opener = (name: string, key: number): Plugin =>
    definePlugin({
      ...manifest,
      name,
      attaches: { it: attach(OPEN, key, '^1.0') },
      create: () => ({ handlers: { it: (n: number) => void calls.push(`${name} ${n}`) } }),
    });
  const anyone = (answer: (n: number) => Verdict): Plugin =>
    definePlugin({
      ...manifest,
      name: 'anyone',
      attaches: { it: attach(OPEN, ANY, '^1.0') },
      create: () => ({
        handlers: {
          it(n: number): Verdict {
            calls.push(`anyone ${n}`);
            return answer(n);
          },
        },
      }),
    });
  const hook = (name: string, priority: number, answer: Verdict): Plugin =>
    definePlugin({
      ...manifest,
      name,
      attaches: { it: attach(HOOK, priority, '^1.0') },
      create: () => ({
        handlers: {
          it(n: number): Verdict {
            calls.push(`${name} ${n}`);
            return answer;
          },
        },
      }),
    });
  const member = (name: string): Plugin =>
    definePlugin({
      ...manifest,
      name,
      attaches: { it: attach(EVERYONE, '^1.0') },
      create: () => ({ handlers: { it: () => name } }),
    });
  return { calls, owner, opener, anyone, hook, member, view: () => view };
}

describe('a point', () => {
  it('of octets asks the key’s plugin, then ANY, which may pass, then its owner; and forgets whoever goes', async () => {
    const { calls, owner, opener, anyone, view } = rig();
    const stack = stackOf([anyone((n) => (n === 8 ? TAKEN : PASS)), owner, opener('seven', 7)]).start();
    for (const key of [7, 8, 9]) view().open.table[key]?.(key);
    expect(calls.splice(0)).to.deep.equal(['seven 7', 'anyone 8', 'anyone 9', 'owner 9']);
    expect([view().open.has(7), view().open.has(8)]).to.deep.equal([true, false]);
    const { table } = view().open;

    await stack.unplug('seven');
    view().open.table[7]?.(7);
    await stack.unplug('anyone');
    for (const key of [7, 8]) view().open.table[key]?.(key);
    expect(calls).to.deep.equal(['anyone 7', 'owner 7', 'owner 7', 'owner 8']);
    expect(view().open.table, 'for the life of the stack').to.equal(table);
  });

  it('that is a chain runs by priority, then by construction, until one does not pass', async () => {
    const { calls, owner, hook, view } = rig();
    const stack = stackOf([hook('late', 10, TAKEN), hook('never', 11, PASS), owner, hook('b', 0, PASS), hook('c', 0, PASS)]).start();
    expect(view().hook.run(1)).to.equal(TAKEN);
    expect(calls.splice(0)).to.deep.equal(['b 1', 'c 1', 'late 1']);

    stack.plug(hook('first', -10, DROP));
    expect(view().hook.run(2)).to.equal(DROP);
    expect(calls.splice(0)).to.deep.equal(['first 2']);

    for (const name of ['first', 'late', 'b', 'c']) await stack.unplug(name);
    expect(view().hook.run(3)).to.equal(PASS);
    expect(view().hook.empty).to.equal(false);
    await stack.unplug('never');
    expect(view().hook.empty).to.equal(true);
  });

  it('of everyone calls in the order of construction; its list is replaced, never changed', () => {
    const { owner, member, view } = rig();
    const stack = stackOf([member('a'), owner, member('b')]).start();
    const before = view().everyone.list;
    stack.plug(member('c'));
    expect(before.map((handler) => handler())).to.deep.equal(['a', 'b']);
    expect(view().everyone.list.map((handler) => handler())).to.deep.equal(['a', 'b', 'c']);
  });

  it('of names looks up by what the record says, and refuses a second of the same', () => {
    const { owner, view } = rig();
    const named = (name: string, type: number): Plugin =>
      definePlugin({
        ...manifest,
        name,
        attaches: { it: attach(NAMED, { domain: 2, type }, '^1.0') },
        create: () => ({ handlers: { it: () => name } }),
      });
    stackOf([owner, named('stream', 1), named('datagram', 2)]).start();
    expect(view().named.get({ domain: 2, type: 2 })?.()).to.equal('datagram');
    expect(view().named.get({ domain: 3, type: 2 })).to.equal(undefined);
    expect(view().named.keys()).to.deep.equal([
      { domain: 2, type: 1 },
      { domain: 2, type: 2 },
    ]);
    expect(() => stackOf([owner, named('stream', 1), named('another', 1)])).to.throw(AssemblyError, 'KEY_CONFLICT');
  });

  it('with a least number of attachments does not assemble below it', () => {
    const host = definePlugin({ ...manifest, name: 'host', owns: { it: own(PEOPLED, '1.0.0') }, create: () => ({}) });
    const guest = (name: string): Plugin =>
      definePlugin({ ...manifest, name, attaches: { it: attach(PEOPLED, '^1.0') }, create: () => ({ handlers: { it: () => name } }) });
    expect(() => stackOf([host, guest('one')])).to.throw(AssemblyError, 'test.peopled@1');
    expect(() => stackOf([host, guest('one'), guest('two')])).to.not.throw();
  });
});
