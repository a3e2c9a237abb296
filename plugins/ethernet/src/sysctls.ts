// The one choice that Ethernet leaves. Linux has no name for it: it never reads these frames.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  snap: {
    path: 'net.ethernet.snap',
    initial: 0,
    min: 0,
    max: 1,
    rfc: 'RFC 1042',
    doc: '1 reads 802.3 SNAP frames of organisation 0 as Ethernet II frames of the same EtherType; 0 leaves them to ETH_P_802_2, as Linux.',
  },
} as const satisfies SysctlSpec;
