// @protoloom/ipv6-hop-by-hop: hop-by-hop options: RFC 8200 §4.3.
import { attach, definePlugin, own, use } from '@protoloom/contracts';
import { IP_ERRORS } from '@protoloom/contracts/ip';
import { IP6_EXTENSION_HEADER, IP6_HOP_BY_HOP_OPTION, NEXTHDR_HOP } from '@protoloom/contracts/ipv6';
import { OptionsHeader } from '@protoloom/mechanisms';
import { counters } from './counters.js';
import { HopByHopOptions, JUMBO_PAYLOAD, ROUTER_ALERT } from './options.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';

export const ipv6HopByHop = definePlugin({
  name: '@protoloom/ipv6-hop-by-hop',
  version: VERSION,
  api: '^1.0.0',
  uses: { errors: use(IP_ERRORS, '^1.0') },
  attaches: {
    header: attach(IP6_EXTENSION_HEADER, NEXTHDR_HOP, '^1.0'),
    routerAlert: attach(IP6_HOP_BY_HOP_OPTION, ROUTER_ALERT, '^1.0'),
    jumboPayload: attach(IP6_HOP_BY_HOP_OPTION, JUMBO_PAYLOAD, '^1.0'),
  },
  owns: { option: own(IP6_HOP_BY_HOP_OPTION, '1.0.0') },
  counters,
  sysctls,
  create({ use: { errors }, points, counters: count, sysctls: knobs }) {
    const header = new OptionsHeader({ errors, options: points.option, counters: count, spec: counters, sysctls: knobs });
    const options = new HopByHopOptions({ errors, counters: count });
    return {
      handlers: {
        header: (packet) => (header.receive(packet) && options.hasLength(packet) ? packet : undefined),
        routerAlert: (packet, at) => options.routerAlert(packet, at),
        jumboPayload: (packet, at) => options.jumboPayload(packet, at),
      },
      otherwise: { option: { handler: header.unknown } },
    };
  },
});

export { VERSION };
