// @protoloom/ipv6-destination-options: RFC 8200 §4.6.
import { attach, definePlugin, own, use } from '@protoloom/contracts';
import { IP_ERRORS } from '@protoloom/contracts/ip';
import { IP6_DESTINATION_OPTION, IP6_EXTENSION_HEADER, NEXTHDR_DEST } from '@protoloom/contracts/ipv6';
import { OptionsHeader } from '@protoloom/mechanisms';
import { counters } from './counters.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';

export const ipv6DestinationOptions = definePlugin({
  name: '@protoloom/ipv6-destination-options',
  version: VERSION,
  api: '^1.0.0',
  uses: { errors: use(IP_ERRORS, '^1.0') },
  attaches: { header: attach(IP6_EXTENSION_HEADER, NEXTHDR_DEST, '^1.0') },
  owns: { option: own(IP6_DESTINATION_OPTION, '1.0.0') },
  counters,
  sysctls,
  create({ use: { errors }, points, counters: count, sysctls: knobs }) {
    const options = new OptionsHeader({ errors, options: points.option, counters: count, spec: counters, sysctls: knobs });
    return {
      handlers: { header: (packet) => (options.receive(packet) ? packet : undefined) },
      otherwise: { option: { handler: options.unknown } },
    };
  },
});

export { VERSION };
