import type { AckEvent, CongestionControl, CongestionEvent, Controller, Phase, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { tcpCubic } from '@protoloom/tcp-cubic';
import { expect } from 'chai';
import fc from 'fast-check';

const MSS = 1000;
const SECOND_US = 1_000_000;

/** A controller with the two records that TCP gives it, and the clock. */
class Rig {
  readonly view = { mss: MSS, phase: 'open' as Phase, cwndLimited: true, nowUs: SECOND_US, minRttUs: 0, priorCwnd: 0, priorSsthresh: 0 };
  readonly out: SenderControl;
  readonly counters = { hystartDelayDetect: 0, hystartDelayCwnd: 0 };
  readonly controller: Controller;

  constructor(segments: number, ssthresh = Number.POSITIVE_INFINITY) {
    this.out = { cwnd: segments * MSS, ssthresh, pacingRate: 0, quantum: 0 };
    const { control } = tcpCubic.create({ counters: this.counters } as never).handlers as unknown as { control: CongestionControl };
    this.controller = control.create(this.view as unknown as SenderView, this.out);
  }

  get segments(): number {
    return this.out.cwnd / MSS;
  }

  ack(segments: number, rttUs = -1, roundStart = false): void {
    this.controller.onAck({ acked: segments * MSS, delivered: segments * MSS, rttUs, roundStart } as AckEvent);
  }

  /** A round trip in which the whole window is acknowledged, segment by segment. */
  round(rttUs: number): void {
    const count = this.segments;
    this.view.minRttUs = rttUs;
    for (let i = 0; i < count; i++) {
      this.view.nowUs += rttUs / count;
      this.ack(1, rttUs, i === 0);
    }
  }

  lose(why: CongestionEvent['why'] = 'fast-loss', abe = false): void {
    this.view.priorCwnd = this.out.cwnd;
    this.view.priorSsthresh = this.out.ssthresh;
    this.controller.onCongestion({ why, inFlight: this.out.cwnd, lost: MSS, persistent: false, abe });
  }
}

describe('CUBIC', () => {
  it('a loss leaves seven tenths of the window, in whole segments, two at least [RFC 9438 §4.6]', () => {
    for (const [before, after] of [
      [10, 7],
      [5, 3],
      [100, 70],
      [3, 2],
      [1, 2],
    ] as const) {
      const rig = new Rig(before);
      rig.lose();
      expect(rig.out).to.include({ cwnd: after * MSS, ssthresh: after * MSS });
    }
  });

  it('where ECN tells of it and ABE is on, it leaves 85 in a hundred; else what a loss leaves [RFC 8511 §3.1, RFC 9438 §4.6]', () => {
    const [mild, plain] = [new Rig(100), new Rig(100)];
    mild.lose('ecn', true);
    plain.lose('ecn');
    expect(mild.out).to.include({ cwnd: 85 * MSS, ssthresh: 85 * MSS });
    expect(plain.out).to.include({ cwnd: 70 * MSS, ssthresh: 70 * MSS });
  });

  it('the curve: concave up to W_max at K, then convex [RFC 9438 §4.2]', () => {
    const rig = new Rig(100);
    rig.lose();
    // W_max 100, cwnd 70: K = cbrt(30 / 0.4) = 4.217 s. W(t) = 0.4 (t - K)^3 + 100 at t + RTT.
    const at: number[] = [];
    for (let round = 1; round <= 60; round++) {
      rig.round(100_000);
      at.push(rig.segments);
    }
    const expected = (seconds: number): number => 0.4 * (seconds - 4.217) ** 3 + 100;
    for (const round of [5, 10, 20, 40, 55, 60]) expect(at[round - 1], `round ${round}`).to.be.closeTo(expected(round / 10 + 0.1), 2.5);
  });

  it('grows by no more than half of the window in a round trip [RFC 9438 §4.2]', () => {
    const rig = new Rig(10, 10 * MSS);
    rig.view.nowUs += SECOND_US;
    rig.ack(1);
    rig.view.nowUs += 100 * SECOND_US;
    for (let i = 0; i < 10; i++) rig.ack(1);
    expect(rig.segments).to.be.at.most(15);
    expect(rig.segments).to.be.at.least(14);
  });

  it('is no slower than Reno where round trips are short [RFC 9438 §4.3]', () => {
    const rig = new Rig(10);
    rig.lose();
    // W_est: 7 + 0.53 a round, in whole segments, above W_max too, as Linux has it; the cubic is at 7.4 then.
    for (let round = 0; round < 10; round++) rig.round(10_000);
    expect(rig.segments).to.be.within(11, 13);
  });

  it('fast convergence: a second loss below W_max lowers the plateau [RFC 9438 §4.7]', () => {
    const rig = new Rig(100);
    rig.lose();
    rig.out.cwnd = 80 * MSS;
    rig.lose();
    // 80 (1 + 0.7) / 2, with β = 717/1024.
    expect(rig.controller.info?.()['wMax']).to.be.closeTo(68, 0.1);
  });

  it('after a timeout: one segment, and a stage that starts from its own window [RFC 9438 §4.8]', () => {
    const rig = new Rig(20);
    rig.lose('rto');
    expect(rig.out).to.include({ cwnd: MSS, ssthresh: 14 * MSS });
    for (let i = 0; i < 13; i++) rig.ack(1);
    expect(rig.segments).to.equal(14);
    rig.round(100_000);
    expect(rig.controller.info?.()).to.include({ origin: 14, kMs: 0 });
  });

  it('an undone reduction leaves nothing behind [RFC 9438 §4.9]', () => {
    const rig = new Rig(100);
    rig.lose();
    for (let i = 0; i < 5; i++) rig.round(100_000);
    const { cwnd, ssthresh } = rig.out;
    const before = rig.controller.info?.();
    rig.lose();
    rig.controller.onUndo?.('recovery');
    expect(rig.out).to.include({ cwnd, ssthresh });
    expect(rig.controller.info?.()).to.deep.equal(before);
  });

  it('time without sending is no time of growth [RFC 9438 §5.8]', () => {
    const used = new Rig(100);
    const idle = new Rig(100);
    for (const rig of [used, idle]) {
      rig.lose();
      for (let i = 0; i < 10; i++) rig.round(100_000);
    }
    idle.view.nowUs += 5 * SECOND_US;
    idle.controller.onRestart?.(5 * SECOND_US);
    used.round(100_000);
    idle.round(100_000);
    expect(idle.segments).to.equal(used.segments);
  });

  it('time in which the window is not used is no time of growth either, though data flows [RFC 9438 §5.8]', () => {
    const used = new Rig(100);
    const limited = new Rig(100);
    for (const rig of [used, limited]) {
      rig.lose();
      for (let i = 0; i < 10; i++) rig.round(100_000);
    }
    limited.view.cwndLimited = false;
    for (let i = 0; i < 50; i++) limited.round(100_000);
    limited.view.cwndLimited = true;
    used.round(100_000);
    limited.round(100_000);
    expect(limited.segments).to.equal(used.segments);
  });

  it('an acknowledgement of several windows counts as one round trip: W_est moves by α [RFC 9438 §4.3]', () => {
    const rig = new Rig(60);
    rig.lose();
    rig.ack(250);
    expect(rig.segments).to.be.within(42, 43);
    expect(rig.controller.info?.()['wEst']).to.equal(42);
    // 1/α of a window later it has grown by a segment.
    rig.ack(42);
    expect(rig.controller.info?.()['wEst']).to.equal(43);
  });

  it('does not grow in recovery, nor a window that is not used [RFC 9438 §4.2, RFC 7661]', () => {
    const rig = new Rig(10);
    rig.view.phase = 'recovery';
    rig.ack(1);
    rig.view.phase = 'open';
    rig.view.cwndLimited = false;
    rig.ack(1);
    expect(rig.segments).to.equal(10);
  });
});

describe('HyStart++', () => {
  it('slow start doubles the window while the round trip stays as it is [RFC 9406 §4.2]', () => {
    const rig = new Rig(10);
    for (let i = 0; i < 4; i++) rig.round(50_000);
    expect(rig.segments).to.equal(160);
  });

  it('a round trip longer by an eighth slows it down to a quarter; after five rounds it is over [RFC 9406 §4.2, §4.3]', () => {
    const rig = new Rig(16);
    rig.round(80_000);
    rig.round(80_000);
    expect(rig.segments).to.equal(64);
    // 80 + 80/8 ms: the eighth sample of the round shows it; 64 + 7, and 57 at a quarter.
    rig.round(90_000);
    expect(rig.segments).to.equal(85);
    for (let i = 0; i < 4; i++) {
      expect(rig.out.ssthresh).to.equal(Number.POSITIVE_INFINITY);
      rig.round(90_000);
    }
    const before = rig.segments;
    rig.round(90_000);
    expect(rig.out.ssthresh).to.equal(before * MSS);
    expect(rig.counters).to.deep.equal({ hystartDelayDetect: 1, hystartDelayCwnd: before });
  });

  it('less than the threshold changes nothing: 4 ms at least [RFC 9406 §4.2]', () => {
    const rig = new Rig(16);
    rig.round(8_000);
    rig.round(8_000);
    rig.round(11_900);
    expect(rig.segments).to.equal(128);
  });

  it('a delay that goes away brings slow start back [RFC 9406 §4.2]', () => {
    const rig = new Rig(16);
    rig.round(80_000);
    rig.round(90_000);
    const slowed = rig.segments;
    rig.round(80_000);
    rig.round(80_000);
    expect(rig.segments).to.be.greaterThan(slowed * 2);
    expect(rig.out.ssthresh).to.equal(Number.POSITIVE_INFINITY);
  });

  it('is for the first slow start alone [RFC 9406 §4.3]', () => {
    const rig = new Rig(64);
    rig.lose('rto');
    rig.out.cwnd = 16 * MSS;
    rig.round(80_000);
    // 12 segments are to ssthresh; of the other 20 congestion avoidance makes one.
    rig.round(200_000);
    expect(rig.segments).to.equal(45);
  });
});

it('CUBIC stays finite, never under one segment, with ssthresh at two at least, and the same again, whatever happens', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('ack' as const), amount: fc.nat(300), us: fc.nat(500_000) }),
    fc.record({
      kind: fc.constantFrom('fast-loss' as const, 'rto' as const, 'ecn' as const, 'undo' as const, 'restart' as const),
      amount: fc.nat(10),
      us: fc.nat(500_000),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const both = [new Rig(10), new Rig(10)] as const;
      for (const { kind, amount, us } of events) {
        for (const rig of both) {
          rig.view.nowUs += us;
          if (kind === 'ack') rig.ack(amount, us, us % 3 === 0);
          else if (kind === 'undo') rig.controller.onUndo?.('loss');
          else if (kind === 'restart') rig.controller.onRestart?.(us);
          else rig.lose(kind);
          expect(rig.out.cwnd).to.be.at.least(MSS);
          expect(Number.isFinite(rig.out.cwnd)).to.equal(true);
          if (kind !== 'ack' && kind !== 'undo' && kind !== 'restart') expect(rig.out.ssthresh).to.be.at.least(2 * MSS);
        }
        expect(both[0].out).to.deep.equal(both[1].out);
      }
    }),
  );
});
