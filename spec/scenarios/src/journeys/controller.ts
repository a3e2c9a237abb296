import { attach, definePlugin } from '@protoloom/contracts';
import { CONGESTION_CONTROL, type CongestionControl } from '@protoloom/contracts/tcp';

/** Always the same window: wrong for the Internet, right for a lesson. */
const SEGMENTS = 4;

const control: CongestionControl = {
  name: 'fixed',
  drive: 'window',
  create(view, out) {
    const set = (): void => {
      out.cwnd = SEGMENTS * view.mss;
      out.ssthresh = out.cwnd;
    };
    return { onAck: set, onCongestion: set, info: () => ({ segments: SEGMENTS }) };
  },
};

export const fixedWindow = definePlugin({
  name: '@example/fixed-window',
  version: '0.1.0',
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, control.name, '^1.0') },
  create: () => ({ handlers: { control } }),
});
