// @protoloom/ipv6-routing: the routing header as a host that routes by none of its types reads it: RFC 8200 §4.4, RFC 5095.
import { attach, definePlugin, PACKET_HOST, type Packet, use } from '@protoloom/contracts';
import { IP_ERRORS, PROBLEM_PARAMETER } from '@protoloom/contracts/ip';
import { IP6_EXTENSION_HEADER, NEXTHDR_ROUTING } from '@protoloom/contracts/ipv6';
import { isMulticastWords } from '@protoloom/wire';
import { counters } from './counters.js';
import { VERSION } from './version.js';

/** Octets 2 and 3 of the header. */
const TYPE = 2;
const SEGMENTS_LEFT = 3;

export const ipv6Routing = definePlugin({
  name: '@protoloom/ipv6-routing',
  version: VERSION,
  api: '^1.0.0',
  uses: { errors: use(IP_ERRORS, '^1.0') },
  attaches: { header: attach(IP6_EXTENSION_HEADER, NEXTHDR_ROUTING, '^1.0') },
  counters,
  create({ use: { errors }, counters: count }) {
    const drop = (packet: Packet, fate: keyof typeof counters): undefined => {
      count[fate]++;
      packet.reason = counters[fate].fate;
    };
    return {
      handlers: {
        header(packet) {
          const { view, l3, l4 } = packet;
          const room = packet.tail - l4;
          if (room < 8) return drop(packet, 'truncated');
          const length = (view.getUint8(l4 + 1) + 1) * 8;
          if (length > room) return drop(packet, 'truncated');
          // As Linux: only in a packet that is for this node alone.
          if (packet.kind !== PACKET_HOST || isMulticastWords(packet.addresses, 4)) return drop(packet, 'notToUs');
          // Unknown types are passed over at the end of their route, and refused before.
          if (view.getUint8(l4 + SEGMENTS_LEFT) !== 0) {
            errors.report(packet, PROBLEM_PARAMETER, l4 + TYPE - l3);
            return drop(packet, 'unknownType');
          }
          packet.transport = view.getUint8(l4);
          packet.l4 = l4 + length;
          return packet;
        },
      },
    };
  },
});

export { VERSION };
