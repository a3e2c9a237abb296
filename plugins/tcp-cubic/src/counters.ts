// What CUBIC counts, under Linux's names.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  hystartDelayDetect: {
    unit: 'events',
    mib: 'TcpExt.TCPHystartDelayDetect',
    doc: 'First slow starts that ended as the round trip grew (RFC 9406).',
  },
  hystartDelayCwnd: { unit: 'packets', mib: 'TcpExt.TCPHystartDelayCwnd', doc: 'Sum of the windows with which they ended.' },
} as const satisfies CounterSpec;
