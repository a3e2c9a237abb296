// Counters of destination options. Linux has no names for them: all are Ip6InHdrErrors there.
import { optionsCounters } from '@protoloom/contracts/ipv6';

export const counters = optionsCounters('DSTOPTS');
