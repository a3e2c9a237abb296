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

  it('agrees with a list under arming, re-arming, disarming and cancelling of any kind', () => {
    const step = fc.tuple(
      fc.constantFrom<'arm' | 'disarm' | 'cancel' | 'run'>('arm', 'disarm', 'cancel', 'run'),
      fc.nat(9),
      fc.nat(3_000_000),
    );
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
          } else if (what !== 'run') {
            wheel[what](timers[which] as Named);
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

  it('leaves nothing to come back for where a timer was: one that is armed and cancelled with each packet costs a look in its delay', () => {
    const wheel = new TimerWheel(0);
    const timer = new WheelTimer();
    const DELAY_US = 40_000;
    const looks = new Set<number>();
    for (let nowUs = 0; nowUs < 10 * DELAY_US; nowUs += 300) {
      wheel.cancel(timer);
      wheel.arm(timer, nowUs + DELAY_US);
      wheel.expire(nowUs, () => expect.fail('nothing is due'));
      expect(wheel.nextUs()).to.be.within(nowUs, timer.dueUs);
      looks.add(wheel.nextUs());
    }
    expect(looks.size).to.be.below(2 * 10);
  });

  it('keeps the place of one that is disarmed, and files it no more than where it was: armed again with each packet it costs nothing', () => {
    const wheel = new TimerWheel(0);
    const timer = new Named(0);
    wheel.arm(timer, 40_000);
    const { filedTick } = timer;
    for (let nowUs = 0; nowUs < 40_000; nowUs += 300) {
      wheel.disarm(timer);
      expect([wheel.size, wheel.nextUs()]).to.deep.equal([0, Number.POSITIVE_INFINITY]);
      wheel.expire(nowUs, () => expect.fail('nothing is due'));
      wheel.arm(timer, nowUs + 40_000);
      expect(timer.filedTick).to.equal(filedTick);
    }
    wheel.disarm(timer);
    expect(wheel.expire(1_000_000, () => {})).to.equal(0);
    expect(timer.next).to.equal(timer);
  });

  it('holds nothing of a cancelled timer that was far away: a keep-alive of two hours does not keep its connection', () => {
    const wheel = new TimerWheel(0);
    const timers = Array.from({ length: 3 }, (_, i) => new Named(i));
    for (const timer of timers) wheel.arm(timer, 7_200_000_000);
    for (const timer of timers) wheel.cancel(timer);
    for (const timer of timers) expect([timer.next, timer.previous]).to.deep.equal([timer, timer]);
    expect(wheel.size).to.equal(0);
    const [again] = timers as [Named];
    wheel.arm(again, 7_200_000_000);
    expect(wheel.expire(7_199_999_999, () => {})).to.equal(0);
    expect(wheel.expire(7_200_000_000, () => {})).to.equal(1);
  });

  it('fires a timer of two hours on time, however often it was disarmed, cancelled, and pushed later or earlier', () => {
    const step = fc.tuple(
      fc.constantFrom<'arm' | 'disarm' | 'cancel' | 'wait'>('arm', 'disarm', 'cancel', 'wait'),
      fc.integer({ min: 1, max: 8_000_000_000 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const wheel = new TimerWheel(0);
        const timer = new Named(0);
        let now = 0;
        let due = Number.POSITIVE_INFINITY;
        for (const [what, us] of steps) {
          if (what === 'arm') {
            due = now + us;
            wheel.arm(timer, due);
          } else if (what !== 'wait') {
            due = Number.POSITIVE_INFINITY;
            wheel[what](timer);
          } else {
            now += us;
            expect(wheel.expire(now, () => {})).to.equal(due <= now ? 1 : 0);
            if (due <= now) due = Number.POSITIVE_INFINITY;
          }
          expect(wheel.nextUs()).to.be.at.most(Math.max(due, now + 1));
        }
      }),
    );
  });

  it('holds 100,000 timers, and runs each', () => {
    const wheel = new TimerWheel(0);
    for (let i = 0; i < 100_000; i++) wheel.arm(new Named(i), (i * 7919) % 10_000_000);
    expect(wheel.size).to.equal(100_000);
    let last = 0;
    let ran = 0;
    for (let now = 0; now <= 10_000_000; now += 500_000) {
      ran += wheel.expire(now, ({ dueUs }) => {
        expect(dueUs).to.be.within(last, now);
        last = dueUs;
      });
    }
    expect([ran, wheel.size]).to.deep.equal([100_000, 0]);
  });
});
