// Reno: its window, and recovery that ends with the first acknowledgement of new data (RFC 5681 §3.2 step 6), which is TCP's affair.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { Reno } from '@protoloom/mechanisms';

export const control: CongestionControl = {
  name: 'reno',
  drive: 'window',
  partialAcks: false,
  create: (view, out) => new Reno(view, out),
};
