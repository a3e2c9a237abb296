// NewReno: Reno's window, and recovery that goes on over partial acknowledgements (RFC 6582), which is TCP's affair.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { Reno } from '@protoloom/mechanisms';

export const control: CongestionControl = {
  name: 'newreno',
  drive: 'window',
  partialAcks: true,
  create: (view, out) => new Reno(view, out),
};
