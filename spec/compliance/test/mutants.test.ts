// The suite can fail: a mutant for every clause, which breaks it, and says so.
import { type ComplianceOptions, clausesOf, controllerCompliance } from '@protoloom/compliance';
import type { AckEvent, CongestionControl, CongestionEvent, Controller, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { newreno } from '@protoloom/tcp-newreno';
import { expect } from 'chai';

type Change = (controller: Controller, view: SenderView, out: SenderControl, state: unknown) => void;

/** NewReno with one thing wrong. */
const mutant = (change: Change, parts: Partial<CongestionControl> = {}): CongestionControl => ({
  ...newreno,
  name: 'mutant',
  ...parts,
  create(view, out, state) {
    const within = newreno.create(view, out, state);
    const controller: Controller = {
      onAck: (ack) => within.onAck(ack),
      onCongestion: (event) => within.onCongestion(event),
    };
    change(controller, view, out, state);
    return controller;
  },
});

/** After what NewReno does. */
const afterAck = (wrong: (view: SenderView, out: SenderControl, ack: AckEvent) => void) =>
  mutant((controller, view, out) => {
    const { onAck } = controller;
    controller.onAck = (ack) => {
      onAck(ack);
      wrong(view, out, ack);
    };
  });
const afterCongestion = (wrong: (view: SenderView, out: SenderControl, event: CongestionEvent) => void) =>
  mutant((controller, view, out) => {
    const { onCongestion } = controller;
    controller.onCongestion = (event) => {
      onCongestion(event);
      wrong(view, out, event);
    };
  });

let garbage: unknown;
let chance = 0;

const MUTANTS: Readonly<Record<string, CongestionControl>> = {
  finite: afterAck((_, out, { rttUs }) => {
    if (rttUs < 0) out.cwnd = Number.NaN;
  }),
  'window-floor': afterCongestion(({ mss }, out, { why }) => {
    if (why === 'rto') out.cwnd = mss / 2;
  }),
  'ssthresh-floor': afterCongestion(({ mss }, out, { inFlight }) => {
    out.ssthresh = Math.max(mss, inFlight / 2);
  }),
  reduction: afterCongestion(({ priorCwnd }, out, { why }) => {
    if (why === 'fast-loss') out.cwnd = priorCwnd;
  }),
  'loss-window': afterCongestion((_, out) => {
    out.cwnd = out.ssthresh;
  }),
  'slow-start': afterAck(({ mss, phase, cwndLimited }, out, { acked }) => {
    if (acked > 0 && phase === 'open' && cwndLimited && out.cwnd < out.ssthresh) out.cwnd += mss;
  }),
  avoidance: afterAck(({ mss, phase, cwndLimited }, out, { acked }) => {
    if (acked > 0 && phase === 'open' && cwndLimited && out.cwnd >= out.ssthresh) out.cwnd += mss;
  }),
  'unused-window': afterAck(({ mss, cwndLimited, phase }, out, { acked }) => {
    if (acked >= mss && !cwndLimited && phase === 'open' && out.cwnd < out.ssthresh) out.cwnd += mss;
  }),
  recovery: afterAck(({ mss, phase }, out, { acked }) => {
    if (acked >= mss && phase === 'recovery' && out.cwnd < out.ssthresh + mss) out.cwnd += 1;
  }),
  undo: mutant((controller) => {
    controller.onUndo = () => undefined;
  }),
  restart: mutant((controller, { mss }, out) => {
    controller.onRestart = () => {
      out.cwnd += mss;
    };
  }),
  path: mutant((controller, view, out) => {
    controller.onPath = () => {
      out.cwnd = Math.max(out.cwnd, 10 * view.mss) + view.mss;
    };
  }),
  handover: mutant((_, { mss, sndUna }, out) => {
    if (sndUna > 0) out.cwnd += mss;
  }),
  'any-order': mutant((controller) => {
    controller.onRecovered = (from) => {
      if (from === 'open') throw new Error('nothing to recover from');
    };
  }),
  'foreign-state': mutant((_controller, _view, _out, state) => {
    if (state !== undefined && typeof (state as { window?: unknown }).window !== 'number') throw new Error('not a state of mine');
  }),
  deterministic: afterAck((_, out) => {
    chance = (chance + 1) % 7;
    if (out.cwnd > 20_000) out.cwnd -= chance;
  }),
  allocation: afterAck(({ nowUs }) => {
    garbage = { nowUs };
  }),
};

const heapUsed = (): number => process.memoryUsage().heapUsed;
const options: ComplianceOptions = { heapUsed, perRound: () => 1 };
/** Allocation apart, which allocation.test.ts judges in a process of its own. */
const broken = (control: CongestionControl): string[] =>
  clausesOf(control, { perRound: () => 1 })
    .filter((clause) => clause.run() !== undefined)
    .map(({ id }) => id);

describe('the compliance suite can fail', () => {
  it('has a mutant for every clause', () => {
    expect(Object.keys(MUTANTS)).to.have.members(clausesOf(newreno, options).map(({ id }) => id));
  });

  for (const [id, control] of Object.entries(MUTANTS)) {
    it(`${id}: its mutant breaks it, and says what was seen`, () => {
      const clause = clausesOf(control, options).find((one) => one.id === id);
      const seen = clause?.run();
      expect(seen, garbage === null ? '' : clause?.title).to.be.a('string');
      if (id !== 'allocation') expect(seen).to.contain('seed 1');
    }).timeout(10_000);
  }

  it('finds nothing in what is right', () => {
    expect(broken(newreno)).to.deep.equal([]);
  }).timeout(10_000);

  it('a rate-driven controller is asked for what all have in common', () => {
    const ids = clausesOf(mutant(() => undefined, { drive: 'rate' })).map(({ id }) => id);
    expect(ids).to.have.members(['finite', 'window-floor', 'any-order', 'foreign-state', 'deterministic']);
  });

  it('in the runner: one test for a clause, which throws with the clause and what was seen; an exception is pending', () => {
    const told: string[] = [];
    const runner = {
      describe: (title: string, body: () => void) => {
        told.push(title);
        body();
      },
      it: (title: string, body?: () => void) => {
        if (body === undefined) return void told.push(`pending ${title}`);
        try {
          body();
        } catch (error) {
          told.push(String(error));
        }
      },
    };
    controllerCompliance(MUTANTS['loss-window'] as CongestionControl, { runner, except: { recovery: 'for the test' } });
    expect(told[0]).to.equal('congestion controller mutant');
    expect(told.filter((line) => line.startsWith('pending'))).to.have.length(1);
    expect(told.find((line) => line.startsWith('Error'))).to.match(
      /a timeout leaves one SMSS at most \[RFC 5681 §3\.1\].*cwnd \d+ -> \d+, SMSS 1460/,
    );
    expect(() => controllerCompliance(newreno, { runner, except: { no: 'such' } })).to.throw('no clause no');
  });
});
