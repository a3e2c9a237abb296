import type { CongestionEvent, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { reno } from '@protoloom/tcp-reno';
import { expect } from 'chai';

describe('Reno', () => {
  it('leaves recovery with the first acknowledgement of new data [RFC 5681 §3.2 step 6]', () => {
    expect(reno).to.include({ name: 'reno', drive: 'window', partialAcks: false });
  });

  it('goes on from half of the window [RFC 5681 §3.1; Linux tcp_reno_ssthresh]', () => {
    const out: SenderControl = { cwnd: 20_000, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 };
    const controller = reno.create({ mss: 1000, phase: 'open', cwndLimited: true } as unknown as SenderView, out);
    controller.onCongestion({ why: 'fast-loss', inFlight: 16_000, lost: 1000, persistent: false } satisfies CongestionEvent);
    expect(out).to.include({ cwnd: 10_000, ssthresh: 10_000 });
  });
});
