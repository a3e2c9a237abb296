// @protoloom/icmpv4: the Internet control message protocol: RFC 792, RFC 1122 §3.2.2.
import { attach, CLOCK, DISSECTOR, definePlugin, ENTROPY, own, PACKETS, type Packet, use } from '@protoloom/contracts';
import * as icmp from '@protoloom/contracts/icmp';
import { ERROR_REPORTER, ICMP_LIMIT, IP_ERRORS, ROUTES, RTN_LOCAL } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { AF_INET, IPPROTO_ICMP } from '@protoloom/contracts/socket';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { RateLimit } from './rate-limit.js';
import { Receiver } from './receive.js';
import { Sender } from './send.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

const ICMP_SOURCE_QUENCH = 4;
/** Octets of a timestamp message: RFC 792. */
const TIMESTAMP_BYTES = 20;
const DAY_MS = 86_400_000;

export const icmpv4 = definePlugin({
  name: '@protoloom/icmpv4',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    icmpLimit: use(ICMP_LIMIT, '^1.0'),
  },
  attaches: {
    receive: attach(IP4_PROTOCOL, IPPROTO_ICMP, '^1.0'),
    reporter: attach(ERROR_REPORTER, AF_INET, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ip', number: IPPROTO_ICMP }, '^1.0'),
    echo: attach(icmp.ICMP4_TYPE, icmp.ICMP_ECHO, '^1.0'),
    echoReply: attach(icmp.ICMP4_TYPE, icmp.ICMP_ECHOREPLY, '^1.0'),
    unreachable: attach(icmp.ICMP4_TYPE, icmp.ICMP_DEST_UNREACH, '^1.0'),
    sourceQuench: attach(icmp.ICMP4_TYPE, ICMP_SOURCE_QUENCH, '^1.0'),
    redirect: attach(icmp.ICMP4_TYPE, icmp.ICMP_REDIRECT, '^1.0'),
    timeExceeded: attach(icmp.ICMP4_TYPE, icmp.ICMP_TIME_EXCEEDED, '^1.0'),
    parameterProblem: attach(icmp.ICMP4_TYPE, icmp.ICMP_PARAMETERPROB, '^1.0'),
    timestamp: attach(icmp.ICMP4_TYPE, icmp.ICMP_TIMESTAMP, '^1.0'),
    timestampReply: attach(icmp.ICMP4_TYPE, icmp.ICMP_TIMESTAMPREPLY, '^1.0'),
  },
  owns: { type: own(icmp.ICMP4_TYPE, '1.0.0') },
  counters,
  sysctls,
  create({ use: { clock, entropy, packets, routes, errors, icmpLimit }, points, counters: count, sysctls: knobs }) {
    const limit = new RateLimit(clock, knobs, icmpLimit, entropy.word(), entropy.word());
    const sender = new Sender({ clock, packets, routes, limit, counters: count });
    const receiver = new Receiver({ counters: count, errors, types: points.type });
    /** RFC 1122 §3.2.2.6: requests to all are left unanswered unless asked for. */
    const forAll = (packet: Packet): boolean => packet.destinationType !== RTN_LOCAL && knobs.echoIgnoreBroadcasts !== 0;
    const answer = (packet: Packet, type: number, fill?: (view: DataView, at: number) => void): undefined => {
      sender.reply(packet, type, fill);
      count.replied++;
    };
    return {
      handlers: {
        receive: (packet) => receiver.receive(packet),
        reporter: { report: (packet, problem, info) => sender.report(packet, problem, info) },
        dissector,
        echo(packet) {
          count.inEchos++;
          if (knobs.echoIgnoreAll !== 0 || forAll(packet)) return receiver.drop(packet, 'ignored');
          return answer(packet, icmp.ICMP_ECHOREPLY);
        },
        echoReply(packet) {
          count.inEchoReps++;
          return receiver.drop(packet, 'ignored');
        },
        unreachable(packet) {
          count.inDestUnreachs++;
          return receiver.error(packet);
        },
        timeExceeded(packet) {
          count.inTimeExcds++;
          return receiver.error(packet);
        },
        parameterProblem(packet) {
          count.inParmProbs++;
          return receiver.error(packet);
        },
        sourceQuench(packet) {
          count.inSrcQuenchs++;
          return receiver.drop(packet, 'ignored');
        },
        redirect(packet) {
          count.inRedirects++;
          return receiver.drop(packet, 'ignored');
        },
        timestamp(packet) {
          count.inTimestamps++;
          if (packet.tail - packet.head < TIMESTAMP_BYTES) return receiver.drop(packet, 'malformed');
          if (forAll(packet)) return receiver.drop(packet, 'ignored');
          const sinceMidnight = Math.floor((clock.epochUs + clock.nowUs) / 1000) % DAY_MS;
          return answer(packet, icmp.ICMP_TIMESTAMPREPLY, (view, at) => {
            view.setUint32(at + 12, sinceMidnight);
            view.setUint32(at + 16, sinceMidnight);
          });
        },
        timestampReply(packet) {
          count.inTimestampReps++;
          return receiver.drop(packet, 'ignored');
        },
      },
      otherwise: { type: { handler: (packet) => receiver.drop(packet, 'unknownType') } },
    };
  },
});

export { VERSION, wire };
