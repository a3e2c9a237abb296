import { TimerWheel, WheelTimer } from '@protoloom/mechanisms';
import { expect } from 'chai';
import fc from 'fast-check';

class Named extends WheelTimer {
  readonly name: number;
  constructor(name: number) {
    super();
    this.name = name;
  }
}

describe('timer wheel', () => {
  it('fires each timer once, never early, in the order of their times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20_000_000), { minLength: 1, maxLength: 80 }),
        fc.array(fc.nat(1_500_000), { maxLength: 60 }),
        (dues, steps) => {
          const wheel = new TimerWheel(0);
          const timers = dues.map((_, i) => new Named(i));
          for (const [i, due] of dues.entries()) wheel.arm(timers[i] as Named, due);
          const fired: number[] = [];
          let now = 0;
          for (const step of [...steps, 40_000_000]) {
            now += step;
            wheel.expire(now, (timer) => {
              const { name } = timer as Named;
              expect(dues[name]).to.be.at.most(now);
              fired.push(name);
            });
            expect(wheel.nextUs()).to.be.greaterThan(now);
            for (const [i, due] of dues.entries()) if (due <= now) expect(fired).to.include(i);
          }
          expect(fired.map((i) => dues[i])).to.deep.equal([...dues].sort((a, b) => a - b));
          expect(wheel.size).to.equal(0);
          expect(wheel.nextUs()).to.equal(Number.POSITIVE_INFINITY);
        },
      ),
    );
  });

  it('agrees with a list under arming, re-arming and cancelling of any kind', () => {
    const step = fc.tuple(fc.constantFrom('arm', 'cancel', 'run'), fc.nat(9), fc.nat(3_000_000));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (list) => {
        const wheel = new TimerWheel(5_000);
        const timers = Array.from({ length: 10 }, (_, i) => new Named(i));
        const model = new Map<number, number>();
        let now = 5_000;
        for (const [what, which, us] of list) {
          if (what === 'arm') {
            wheel.arm(timers[which] as Named, now + us);
            model.set(which, now + us);
          } else if (what === 'cancel') {
            wheel.cancel(timers[which] as Named);
            model.delete(which);
          } else {
            now += us;
            const due = [...model].filter(([, at]) => at <= now).map(([name]) => name);
            const fired: number[] = [];
            wheel.expire(now, (timer) => void fired.push((timer as Named).name));
            for (const name of due) model.delete(name);
            expect(fired.sort((a, b) => a - b)).to.deep.equal(due.sort((a, b) => a - b));
          }
          expect(wheel.size).to.equal(model.size);
          // Never later than the earliest; the driver may come early.
          const earliest = Math.min(Number.POSITIVE_INFINITY, ...model.values());
          expect(wheel.nextUs()).to.be.at.most(Math.max(earliest, now + 1));
        }
      }),
    );
  });

  it('lets a timer arm itself and cancel others while it runs', () => {
    const wheel = new TimerWheel(0);
    const [again, victim] = [new Named(0), new Named(1)];
    let runs = 0;
    wheel.arm(again, 10);
    wheel.arm(victim, 10);
    const run = (timer: WheelTimer): void => {
      if (timer === victim) throw new Error('cancelled');
      wheel.cancel(victim);
      if (++runs < 3) wheel.arm(again, 10 * (runs + 1));
    };
    wheel.expire(1000, run);
    expect(runs).to.equal(3);
  });

  it('stays whole when what it runs throws, and runs no more than it is asked to', () => {
    const wheel = new TimerWheel(0);
    for (let i = 0; i < 5; i++) wheel.arm(new Named(i), 7);
    let ran = 0;
    const run = (): void => {
      if (++ran === 1) throw new Error('boom');
    };
    expect(() => wheel.expire(7, run)).to.throw('boom');
    expect(wheel.expire(7, run, 2)).to.equal(2);
    expect(wheel.nextUs()).to.be.at.most(8);
    expect(wheel.expire(7, run)).to.equal(2);
  });

  it('reaches beyond its levels: hours ahead', () => {
    const wheel = new TimerWheel(0);
    const hour = 3_600_000_000;
    wheel.arm(new Named(0), 3 * hour);
    let fired = 0;
    for (let now = 0; now < 3 * hour; now += hour / 2) wheel.expire(now, () => void fired++);
    expect(fired).to.equal(0);
    expect(wheel.expire(3 * hour, () => void fired++)).to.equal(1);
  });
});
