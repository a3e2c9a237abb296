// As much of an IPv6 as UDP can tell: headers without options in, addresses and sockets; what goes out is kept.
import { attach, CSUM_PARTIAL, definePlugin, ETH_P_IPV6, ETHERTYPE, own, type Packet, SOURCE } from '@protoloom/contracts';
import { NETWORK_FAMILY, RT_SCOPE_UNIVERSE, RTN_LOCAL, RTN_UNICAST } from '@protoloom/contracts/ip';
import { IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { ADDRESS_FAMILY, AF_INET6 } from '@protoloom/contracts/socket';
import { ethernet, FrameHost } from '@protoloom/frames';
import { Ip6Address, readIp6 } from '@protoloom/wire';

const HEADER_BYTES = 40;

function parse(text: string, words: Int32Array, at: number): boolean {
  const address = Ip6Address.tryParse(text);
  address?.toWords(words, at);
  return address !== undefined;
}
const format = (words: Int32Array, at: number): string => Ip6Address.fromWords(words, at).toString();

/** A transport packet that was sent, and whether its checksum was to be completed. */
export interface Sent {
  readonly octets: readonly number[];
  readonly partial: boolean;
}

/** A host with it in place of the IPv6 that there is, with 2001:db8::2 on `eth0`, and what that sends. */
export function ip6Host(): { readonly host: FrameHost; readonly sent: Sent[] } {
  const host = new FrameHost({}, 1500, false);
  const sent: Sent[] = [];
  host.stack.plug(
    definePlugin({
      name: '@protoloom-test/ip6',
      version: '1.0.0',
      api: '^1.0.0',
      attaches: {
        receive: attach(ETHERTYPE, ETH_P_IPV6, '^1.0'),
        network: attach(NETWORK_FAMILY, AF_INET6, '^1.0'),
        family: attach(ADDRESS_FAMILY, AF_INET6, '^1.0'),
      },
      owns: { protocol: own(IP6_PROTOCOL, '1.0.0') },
      counters: { unknown: { unit: 'packets', fate: 'UNKNOWN', doc: 'To no transport.' } },
      create: ({ points, counters }) => ({
        handlers: {
          receive(packet: Packet): undefined {
            const { view, l3 } = packet;
            packet.family = AF_INET6;
            packet.transport = view.getUint8(l3 + 6);
            packet.destinationType = RTN_LOCAL;
            readIp6(view, l3 + 8, packet.addresses, SOURCE);
            readIp6(view, l3 + 24, packet.addresses, 4);
            packet.trim(HEADER_BYTES + view.getUint16(l3 + 4));
            packet.l4 = packet.pull(HEADER_BYTES);
            points.protocol.table[packet.transport]?.(packet);
          },
          network: {
            family: AF_INET6,
            etherType: ETH_P_IPV6,
            addressBytes: 16 as const,
            headerBytes: HEADER_BYTES,
            minMtu: 1280,
            minPathMtu: 1280,
            pathMtuExpires: 600,
            parse,
            format,
            destinationType: () => RTN_UNICAST,
            mayBeSource: () => true,
            selectSource: (candidates) => candidates[0],
            scope: () => RT_SCOPE_UNIVERSE,
            output(packet) {
              const { bytes, head, tail, csum } = packet;
              sent.push({ octets: [...bytes.subarray(head, tail)], partial: csum === CSUM_PARTIAL });
              return 0;
            },
          },
          family: { name: 'AF_INET6', parse: (text, into) => parse(text, into.words, 0), format: ({ words }) => format(words, 0) },
        },
        otherwise: {
          protocol: {
            handler() {
              counters.unknown++;
              return undefined;
            },
          },
        },
      }),
    }),
  );
  host.stack.address.add('eth0', '2001:db8::2/64');
  return { host, sent };
}

/** A UDP datagram from [2001:db8::1]:1 to [2001:db8::2]:9 arrives, with this checksum. */
export function receive6(host: FrameHost, data: readonly number[], checksum: readonly [number, number]): void {
  const address = (last: number) => [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
  const length = 8 + data.length;
  const header = [0x60, 0, 0, 0, 0, length, 17, 64, ...address(1), ...address(2)];
  host.frame(ethernet(host.mac, 0x86dd, [...header, 0, 1, 0, 9, 0, length, ...checksum, ...data]));
}
