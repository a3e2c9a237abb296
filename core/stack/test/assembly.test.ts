import { attachIfPresent, attachSome, definePlugin, need, own, provide, service, u8Point, use, useIfPresent } from '@protoloom/contracts';
import { AssemblyError, type Problem } from '@protoloom/stack';
import { expect } from 'chai';
import { attacher, host, manifest, owner, POINT, provider, stackOf } from './rig.js';

const A = service<string>('test.a', 1);
const B = service<string>('test.b', 1);
const OTHER = u8Point<(n: number) => undefined>('test.other', 1);

function problemsOf(assembleIt: () => unknown): readonly Problem[] {
  try {
    assembleIt();
  } catch (error) {
    if (AssemblyError.is(error)) return error.problems;
    throw error;
  }
  return [];
}
const codes = (problems: readonly Problem[]): string[] => problems.map(({ code, plugin }) => `${code} ${plugin}`).sort();

describe('assembly', () => {
  it('constructs after what is used, whatever the order of the list', () => {
    const stack = stackOf([provider('second', B, '1.0.0', [A]), provider('first', A)]);
    expect(stack.plugins.map(({ name }) => name).filter((name) => name !== '@protoloom/stack')).to.deep.equal(['first', 'second']);
  });

  it('lists every problem at once, each with its plugin and what would solve it', () => {
    const lonely = definePlugin({ ...manifest, name: 'lonely', uses: { a: use(A, '^1.0') }, needs: [need(POINT, 9)], create: () => ({}) });
    const old = definePlugin({ ...manifest, name: 'old', api: '^0.9.0', create: () => ({}) });
    const bad = definePlugin({ name: 'bad', version: 'one', api: '^1.0.0', create: () => ({}) });
    const problems = problemsOf(() => stackOf([lonely, old, bad, owner(), attacher('x', 7), attacher('y', 7), attacher('z', 300), old]));
    expect(codes(problems)).to.deep.equal([
      'API_MISMATCH old',
      'API_MISMATCH old',
      'BAD_MANIFEST bad',
      'DUPLICATE_PLUGIN old',
      'KEY_CONFLICT y',
      'KEY_INVALID z',
      'NEED_UNMET lonely',
      'SERVICE_MISSING lonely',
    ]);
    const missing = problems.find(({ code }) => code === 'SERVICE_MISSING');
    expect(missing?.detail).to.contain('test.a@^1.0');
    expect(missing?.solution).to.contain('@protoloom/test');
    const conflict = problems.find(({ code }) => code === 'KEY_CONFLICT');
    expect(conflict?.detail).to.equal('test.point@1#7 is already claimed by x');
  });

  it('checks ranges against what the provider implements, not against its package', () => {
    const wants = definePlugin({ ...manifest, name: 'wants', uses: { a: use(A, '^1.3') }, create: () => ({}) });
    expect(codes(problemsOf(() => stackOf([provider('old', A, '1.2.0'), wants])))).to.deep.equal(['SERVICE_VERSION wants']);
    expect(problemsOf(() => stackOf([provider('new', A, '1.3.1'), wants]))).to.deep.equal([]);
    expect(codes(problemsOf(() => stackOf([owner(), attacher('x', 1, '^1.1')])))).to.deep.equal(['POINT_VERSION x']);
  });

  it('prints a cycle as a path', () => {
    const problems = problemsOf(() => stackOf([provider('a', A, '1.0.0', [B]), provider('b', B, '1.0.0', [A])]));
    expect(problems[0]?.code).to.equal('SERVICE_CYCLE');
    expect(problems[0]?.detail).to.contain('a -> b -> a');
  });

  it('refuses two providers and two owners', () => {
    expect(codes(problemsOf(() => stackOf([provider('p', A), provider('q', A), owner(), owner([], 'o2')])))).to.deep.equal([
      'POINT_CONFLICT o2',
      'SERVICE_CONFLICT q',
    ]);
  });

  it('says who threw in create(), and leaves nothing behind', () => {
    const broken = definePlugin({
      ...manifest,
      name: 'broken',
      create(): Record<never, never> {
        throw new Error('no disk');
      },
    });
    expect(codes(problemsOf(() => stackOf([broken])))).to.deep.equal(['CREATE_FAILED broken']);
  });

  it('stops what had started, in reverse, when start() throws', () => {
    const log: string[] = [];
    const live = (name: string) =>
      definePlugin({
        ...manifest,
        name,
        create: () => ({ start: () => void log.push(`+${name}`), stop: () => void log.push(`-${name}`) }),
      });
    const broken = definePlugin({
      ...manifest,
      name: 'broken',
      create: () => ({
        start() {
          throw new Error('no device');
        },
      }),
    });
    const stack = stackOf([live('a'), live('b'), broken]);
    expect(codes(problemsOf(() => stack.start()))).to.deep.equal(['START_FAILED broken']);
    expect(log).to.deep.equal(['+a', '+b', '-b', '-a']);
  });

  it('tells what it is made of, as text and as a graph', () => {
    const description = stackOf([owner(), attacher('x', 7), provider('p', A)]).describe();
    expect(description.tables.find(({ point }) => point === 'test.point@1')?.entries).to.deep.equal([{ key: '7', plugin: 'x' }]);
    expect(String(description)).to.match(/test\.point@1 \(u8, owner\)\n {4}7 +x/);
    expect(description.toMermaid()).to.contain('x -.->|"test.point@1#7"| owner');
  });

  it('of an attachment to one of several points wants one of them', () => {
    const some = definePlugin({
      ...manifest,
      name: 'some',
      attaches: { it: attachSome([POINT, OTHER], 3, '^1.0') },
      create: () => ({ handlers: { it: () => undefined } }),
    });
    expect(codes(problemsOf(() => stackOf([some])))).to.deep.equal(['POINT_MISSING some']);
    expect(problemsOf(() => stackOf([some, owner()]))).to.deep.equal([]);
  });
});

describe('a running assembly', () => {
  const calls: string[] = [];
  const sleeper = definePlugin({
    ...manifest,
    name: 'sleeper',
    uses: { a: useIfPresent(A, '^1.0') },
    attaches: { it: attachIfPresent(POINT, 5, '^1.0') },
    provides: { b: provide(B, '1.0.0') },
    create: ({ use: { a } }) => ({
      handlers: {
        it: (n: number) => {
          calls.push(`${n} ${a.now ?? 'nobody'}`);
          return undefined;
        },
      },
      services: { b: 'b' },
    }),
  });
  const driver = (name: string) => {
    let table: readonly ((n: number) => undefined)[] = [];
    const plugin = definePlugin({
      ...manifest,
      name,
      owns: { point: own(POINT, '1.0.0') },
      create({ points }) {
        ({ table } = points.point);
        return {
          otherwise: {
            point: {
              handler: (n: number) => {
                calls.push(`${n} otherwise`);
                return undefined;
              },
            },
          },
        };
      },
    });
    return { plugin, call: (n: number) => table[n]?.(n) };
  };

  beforeEach(() => {
    calls.length = 0;
  });

  it('wakes sleeping attachments and fills cells when their owners are plugged in; and back', async () => {
    const stack = stackOf([sleeper]).start();
    const { plugin, call } = driver('late');
    stack.plug(plugin);
    call(5);
    call(6);
    stack.plug(provider('p', A));
    call(5);
    await stack.unplug('p');
    call(5);
    expect(calls).to.deep.equal(['5 nobody', '6 otherwise', '5 p', '5 nobody']);
    await stack.unplug('late');
    expect(stack.plugins.map(({ name }) => name)).to.not.include('late');
  });

  it('refuses to unplug what is used, and lists everybody', async () => {
    const stack = stackOf([provider('p', A), provider('q', B, '1.0.0', [A]), owner(), attacher('x', 1)]).start();
    for (const [name, user] of [
      ['p', 'q'],
      ['owner', 'x'],
    ] as const) {
      let problems: readonly Problem[] = [];
      await stack.unplug(name).catch((error: AssemblyError) => {
        problems = error.problems;
      });
      expect(problems.map(({ code }) => code)).to.deep.equal(['IN_USE']);
      expect(problems[0]?.detail).to.contain(user);
    }
  });

  it('refuses while the plugin, or the owner of a point, says why', async () => {
    let busy = true;
    const user = definePlugin({ ...manifest, name: 'busy', create: () => ({ inUse: () => (busy ? ['3 connections'] : []) }) });
    const stack = stackOf([user]).start();
    const refused: unknown = await stack.unplug('busy').catch((error: unknown) => error);
    expect(String(refused)).to.contain('3 connections').and.contain('EBUSY');
    busy = false;
    await stack.unplug('busy');
  });

  it('sweeps counters, sysctls and timers of what goes', async () => {
    const at = host();
    let ticks = 0;
    const { TIMERS } = await import('@protoloom/contracts');
    const ticking = definePlugin({
      ...manifest,
      name: 'ticking',
      uses: { timers: use(TIMERS, '^1.0') },
      counters: { n: { unit: 'events', doc: '' } },
      sysctls: { x: { path: 'net.test.x', initial: 3, doc: '' } },
      create({ use: { timers } }) {
        const timer = timers.timer(undefined, () => {
          ticks++;
          timer.arm(1000);
        });
        return { start: () => timer.arm(1000) };
      },
    });
    const stack = stackOf([ticking], at).start();
    at.us += 1000;
    stack.turn();
    expect([ticks, stack.sysctl.get('net.test.x')]).to.deep.equal([1, 3]);
    await stack.unplug('ticking');
    at.us += 10_000;
    stack.turn();
    expect(ticks).to.equal(1);
    expect(() => stack.sysctl.get('net.test.x')).to.throw('ENOENT');
    expect(() => stack.counters.of('ticking')).to.throw('no plugin ticking');
  });
});
