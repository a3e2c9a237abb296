// @protoloom/ipv6-fragment: the fragment header, both ways: RFC 8200 §4.5.
import { attach, CLOCK, definePlugin, ENTROPY, PACKETS, provide, TIMERS, use } from '@protoloom/contracts';
import { IP_ERRORS } from '@protoloom/contracts/ip';
import { IP6_EXTENSION_HEADER, IP6_FRAGMENTER, NEXTHDR_FRAGMENT } from '@protoloom/contracts/ipv6';
import { counters } from './counters.js';
import { Fragmenter } from './fragmenter.js';
import { Reassembly } from './reassembly.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';

export const ipv6Fragment = definePlugin({
  name: '@protoloom/ipv6-fragment',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
  },
  attaches: { header: attach(IP6_EXTENSION_HEADER, NEXTHDR_FRAGMENT, '^1.0') },
  provides: { fragmenter: provide(IP6_FRAGMENTER, '1.0.0') },
  counters,
  sysctls,
  create({ use: { clock, entropy, timers, packets, errors }, counters: count, sysctls: limits }) {
    const reassembly = new Reassembly({
      clock,
      timers,
      packets,
      errors,
      counters: count,
      limits,
      seed0: entropy.word(),
      seed1: entropy.word(),
    });
    return {
      handlers: { header: (packet) => reassembly.receive(packet) },
      services: { fragmenter: new Fragmenter({ packets, entropy, counters: count }) },
      stop: () => reassembly.clear(),
      snapshot: () => ({ reassembly: reassembly.held }),
    };
  },
});

export { VERSION };
