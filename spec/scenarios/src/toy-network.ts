// A toy network layer with addresses of 16 octets and a header of 40, which UDP and TCP attach to unchanged beside IPv4: the proof that
// transports do not know their family. No options, no fragments, no errors.
import { attach, definePlugin, ERRNO, ETH_P_IPV6, ETHERTYPE, own, type Packet, SEGMENT, use } from '@protoloom/contracts';
import { NETWORK_FAMILY, type NetworkFamily, ROUTES, RT_SCOPE_UNIVERSE, RTN_LOCAL, RTN_UNICAST } from '@protoloom/contracts/ip';
import { IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { ADDRESS_FAMILY, AF_INET6 } from '@protoloom/contracts/socket';
import { Ip6Address, readIp6, writeIp6 } from '@protoloom/wire';

const HEADER_BYTES = 40;

export const toyNetwork = definePlugin({
  name: '@example/toy-network',
  version: '0.1.0',
  api: '^1.0.0',
  headerBytes: HEADER_BYTES,
  uses: { routes: use(ROUTES, '^1.0') },
  attaches: {
    receive: attach(ETHERTYPE, ETH_P_IPV6, '^1.0'),
    network: attach(NETWORK_FAMILY, AF_INET6, '^1.0'),
    family: attach(ADDRESS_FAMILY, AF_INET6, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 3, kind: ETH_P_IPV6 }, '^1.0'),
  },
  owns: { protocol: own(IP6_PROTOCOL, '1.0.0') },
  counters: {
    malformed: { unit: 'packets', fate: 'TOY_MALFORMED', doc: 'Too short.' },
    notForUs: { unit: 'packets', fate: 'TOY_NOT_FOR_US', doc: 'For another host.' },
    unknown: { unit: 'packets', fate: 'TOY_NOPROTO', doc: 'Nobody attaches to the protocol.' },
  },
  create({ use: { routes }, points, counters }) {
    const parse = (text: string, words: Int32Array, at: number): boolean => Ip6Address.tryParse(text)?.toWords(words, at) !== undefined;
    const network: NetworkFamily = {
      family: AF_INET6,
      etherType: ETH_P_IPV6,
      addressBytes: 16,
      headerBytes: HEADER_BYTES,
      minMtu: 100,
      minPathMtu: 100,
      pathMtuExpires: 600,
      parse,
      format: (words, at) => Ip6Address.fromWords(words, at).toString(),
      destinationType: () => RTN_UNICAST,
      mayBeSource: () => true,
      scope: () => RT_SCOPE_UNIVERSE,
      selectSource: ([first]) => first,
      output(packet, route, protocol, hop) {
        if (packet.gsoSegments === 1 && packet.length + HEADER_BYTES > route.mtu) return -ERRNO.EMSGSIZE;
        const payload = packet.length;
        const at = packet.push(HEADER_BYTES);
        packet.l3 = at;
        packet.protocol = ETH_P_IPV6;
        packet.transport = protocol;
        packet.view.setInt32(at, 0x6000_0000);
        packet.view.setInt32(at + 4, (payload << 16) | (protocol << 8) | 64);
        writeIp6(route.addresses, 0, packet.view, at + 8);
        writeIp6(route.addresses, 4, packet.view, at + 24);
        hop.output(packet);
        return 0;
      },
    };
    return {
      handlers: {
        receive(packet: Packet) {
          const { view, head } = packet;
          const room = packet.tail - head;
          if (room < HEADER_BYTES || room < HEADER_BYTES + view.getUint16(head + 4)) {
            counters.malformed++;
            return undefined;
          }
          packet.trim(HEADER_BYTES + view.getUint16(head + 4));
          packet.family = AF_INET6;
          packet.l3 = head;
          packet.transport = view.getUint8(head + 6);
          packet.hopLimit = view.getUint8(head + 7);
          packet.trafficClass = 0;
          readIp6(view, head + 8, packet.addresses, 0);
          readIp6(view, head + 24, packet.addresses, 4);
          packet.destinationType = routes.inputType(AF_INET6, packet.addresses, 4);
          if (packet.destinationType !== RTN_LOCAL) {
            counters.notForUs++;
            return undefined;
          }
          packet.l4 = packet.pull(HEADER_BYTES);
          return points.protocol.table[packet.transport]?.(packet);
        },
        network,
        family: {
          name: 'AF_INET6',
          parse(text, into) {
            into.family = AF_INET6;
            return parse(text, into.words, 0);
          },
          format: ({ words }) => Ip6Address.fromWords(words, 0).toString(),
        },
        segmenter: {
          headerBytes: () => HEADER_BYTES,
          mend(segment) {
            segment.view.setUint16(segment.l3 + 4, segment.tail - segment.l3 - HEADER_BYTES);
            return undefined;
          },
        },
      },
      otherwise: {
        protocol: {
          handler: () => {
            counters.unknown++;
            return undefined;
          },
        },
      },
    };
  },
});
