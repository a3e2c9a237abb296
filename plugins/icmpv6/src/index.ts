// @protoloom/icmpv6: the Internet control message protocol for IPv6: RFC 4443.
import { attach, CLOCK, DISSECTOR, definePlugin, ENTROPY, own, PACKETS, provide, use } from '@protoloom/contracts';
import * as icmp from '@protoloom/contracts/icmp';
import { ERROR_REPORTER, ICMP_LIMIT, IP_ERRORS, LOCAL_ADDRESSES, ROUTES, RTN_LOCAL, TRANSPORT_ERROR } from '@protoloom/contracts/ip';
import { IP6_FLOW, IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { AF_INET6, IPPROTO_ICMPV6 } from '@protoloom/contracts/socket';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { RateLimit } from './rate-limit.js';
import { Receiver } from './receive.js';
import { Sender } from './send.js';
import { sysctls } from './sysctls.js';
import { tooBig } from './too-big.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export const icmpv6 = definePlugin({
  name: '@protoloom/icmpv6',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.MESSAGE_BYTES,
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    addresses: use(LOCAL_ADDRESSES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    icmpLimit: use(ICMP_LIMIT, '^1.0'),
  },
  attaches: {
    receive: attach(IP6_PROTOCOL, IPPROTO_ICMPV6, '^1.0'),
    // As Linux: type and code, where a transport has its ports.
    flow: attach(IP6_FLOW, IPPROTO_ICMPV6, '^1.0'),
    reporter: attach(ERROR_REPORTER, AF_INET6, '^1.0'),
    transportError: attach(TRANSPORT_ERROR, IPPROTO_ICMPV6, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ip', number: IPPROTO_ICMPV6 }, '^1.0'),
    unreachable: attach(icmp.ICMP6_TYPE, icmp.ICMP6_DST_UNREACH, '^1.0'),
    packetTooBig: attach(icmp.ICMP6_TYPE, icmp.ICMP6_PACKET_TOO_BIG, '^1.0'),
    timeExceeded: attach(icmp.ICMP6_TYPE, icmp.ICMP6_TIME_EXCEEDED, '^1.0'),
    parameterProblem: attach(icmp.ICMP6_TYPE, icmp.ICMP6_PARAM_PROB, '^1.0'),
    echo: attach(icmp.ICMP6_TYPE, icmp.ICMP6_ECHO_REQUEST, '^1.0'),
    echoReply: attach(icmp.ICMP6_TYPE, icmp.ICMP6_ECHO_REPLY, '^1.0'),
  },
  provides: { output: provide(icmp.ICMP6_OUTPUT, '1.0.0') },
  owns: { type: own(icmp.ICMP6_TYPE, '1.0.0') },
  counters,
  sysctls,
  create({ use: { clock, entropy, packets, routes, addresses, errors, icmpLimit }, points, counters: count, sysctls: knobs }) {
    const limit = new RateLimit(clock, knobs, icmpLimit, entropy.word(), entropy.word());
    const sender = new Sender({ clock, packets, routes, addresses, limit, counters: count, sysctls: knobs });
    const receiver = new Receiver({ counters: count, errors, types: points.type });
    return {
      services: { output: sender },
      handlers: {
        receive: (packet) => receiver.receive(packet),
        flow: ({ view, l4 }) => view.getUint16(l4),
        reporter: { report: (packet, problem, info) => sender.report(packet, problem, info) },
        transportError: (error) => tooBig(routes, error),
        dissector,
        unreachable(packet) {
          count.inDestUnreachs++;
          return receiver.error(packet);
        },
        packetTooBig(packet) {
          count.inPktTooBigs++;
          return receiver.error(packet);
        },
        timeExceeded(packet) {
          count.inTimeExcds++;
          return receiver.error(packet);
        },
        parameterProblem(packet) {
          count.inParmProblems++;
          return receiver.error(packet);
        },
        echo(packet) {
          count.inEchos++;
          if (packet.tail - packet.head < wire.MESSAGE_BYTES) return receiver.drop(packet, 'malformed');
          const toGroup = packet.destinationType !== RTN_LOCAL;
          if (knobs.echoIgnoreAll !== 0 || (toGroup && knobs.echoIgnoreMulticast !== 0)) return receiver.drop(packet, 'ignored');
          if (!sender.reply(packet)) return receiver.drop(packet, 'unanswered');
          count.replied++;
        },
        echoReply(packet) {
          count.inEchoReplies++;
          return receiver.drop(packet, 'ignored');
        },
      },
      otherwise: { type: { handler: receiver.unknownType } },
    };
  },
});

export { VERSION, wire };
