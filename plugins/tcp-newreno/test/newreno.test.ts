import type { AckEvent, CongestionEvent, Controller, Phase, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { newreno } from '@protoloom/tcp-newreno';
import { expect } from 'chai';
import fc from 'fast-check';

const MSS = 1000;

/** A controller with the two records that TCP gives it. */
function rig(cwnd = 10 * MSS): {
  controller: Controller;
  out: SenderControl;
  view: { phase: Phase; cwndLimited: boolean };
  ack(bytes: number, delivered?: number): void;
  lose(why: CongestionEvent['why'], inFlight: number): void;
} {
  const view = { mss: MSS, phase: 'open' as Phase, cwndLimited: true };
  const out: SenderControl = { cwnd, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 };
  const controller = newreno.create(view as unknown as SenderView, out);
  return {
    controller,
    out,
    view,
    ack: (acked, delivered = acked) => controller.onAck({ acked, delivered } as AckEvent),
    lose: (why, inFlight) => controller.onCongestion({ why, inFlight, lost: MSS, persistent: false }),
  };
}

describe('NewReno', () => {
  it('doubles its window in each round of slow start [RFC 5681 §3.1]', () => {
    const { out, ack } = rig();
    for (let i = 0; i < 10; i++) ack(MSS);
    expect(out.cwnd).to.equal(20 * MSS);
  });

  it('adds one segment in each round of congestion avoidance [RFC 5681 §3.1]', () => {
    const { out, ack } = rig();
    out.ssthresh = 10 * MSS;
    for (let round = 1; round <= 5; round++) {
      for (let left = out.cwnd; left > 0; left -= MSS) ack(MSS);
      expect(out.cwnd).to.equal((10 + round) * MSS);
    }
  });

  it('an acknowledgement counts once for what it is about, and for one round trip at most [RFC 5681 §3.1 equation 3, RFC 3465 §2.1]', () => {
    const { out, ack } = rig();
    out.ssthresh = 10 * MSS;
    ack(60 * MSS, 2 * MSS); // ends a recovery in which the rest was delivered
    expect(out.cwnd).to.equal(10 * MSS);
    ack(60 * MSS);
    expect(out.cwnd).to.equal(11 * MSS);
  });

  it('goes on from half of the window after a fast retransmit, from one segment after a timeout [RFC 5681 §3.1, §3.2; Linux tcp_reno_ssthresh]', () => {
    const { out, lose } = rig(20 * MSS);
    lose('fast-loss', 16 * MSS);
    expect(out).to.include({ cwnd: 10 * MSS, ssthresh: 10 * MSS });
    lose('rto', 6 * MSS);
    expect(out).to.include({ cwnd: MSS, ssthresh: 5 * MSS });
    lose('rto', MSS);
    expect(out.ssthresh).to.equal(2 * MSS);
  });

  it('where ECN tells of congestion and ABE is on, goes on from eight tenths, two segments at least [RFC 8511 §3]', () => {
    const { out, controller } = rig(20 * MSS);
    const event = { why: 'ecn', inFlight: 20 * MSS, lost: 0, persistent: false } as const;
    controller.onCongestion({ ...event, abe: true });
    expect(out).to.include({ cwnd: 16 * MSS, ssthresh: 16 * MSS });
    controller.onCongestion({ ...event, abe: false });
    expect(out).to.include({ cwnd: 8 * MSS, ssthresh: 8 * MSS });
    out.cwnd = 2 * MSS;
    controller.onCongestion({ ...event, abe: true });
    expect(out.ssthresh).to.equal(2 * MSS);
  });

  it('does not grow in recovery, nor a window that is not used [RFC 6582 §3.2, RFC 7661]', () => {
    const { out, ack, view } = rig();
    view.phase = 'recovery';
    ack(MSS);
    view.phase = 'open';
    view.cwndLimited = false;
    ack(MSS);
    expect(out.cwnd).to.equal(10 * MSS);
  });

  it('stays a number, never under one segment, with ssthresh at two at least, whatever happens', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('ack' as const), bytes: fc.nat(100_000) }),
      fc.record({
        kind: fc.constantFrom('fast-loss' as const, 'rto' as const, 'ecn' as const, 'local-drop' as const),
        bytes: fc.nat(1_000_000),
      }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const one = rig();
        const two = rig();
        for (const { kind, bytes } of events) {
          for (const each of [one, two]) {
            if (kind === 'ack') each.ack(bytes);
            else each.lose(kind, bytes);
          }
          expect(one.out.cwnd).to.be.at.least(MSS);
          expect(one.out.ssthresh).to.be.at.least(2 * MSS);
          expect(Number.isFinite(one.out.cwnd)).to.equal(true);
          expect(one.out).to.deep.equal(two.out);
        }
      }),
    );
  });
});
