import { attach, definePlugin, PACKETS, use } from '@protoloom/contracts';
import { ROUTES } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';

/** IP protocol 254: whatever comes is sent back, its octets in reverse. */
export const reverse = definePlugin({
  name: '@example/reverse',
  version: '0.1.0',
  api: '^1.0.0',
  uses: { routes: use(ROUTES, '^1.0'), packets: use(PACKETS, '^1.0') },
  attaches: { datagram: attach(IP4_PROTOCOL, 254, '^1.0') },
  counters: {
    reversed: { unit: 'packets', fate: 'replied', doc: 'Sent back.' },
    tooLong: { unit: 'packets', fate: 'REVERSE_TOO_LONG', doc: 'Longer than net.example.reverse_max.' },
  },
  sysctls: {
    max: { path: 'net.example.reverse_max', initial: 1000, min: 0, max: 65_515, unit: 'bytes', doc: 'Longest that is answered.' },
  },
  create({ use: { routes, packets }, counters, sysctls }) {
    const query = routes.query();
    return {
      handlers: {
        datagram(packet) {
          const { head, tail, bytes } = packet;
          if (tail - head > sysctls.max) {
            counters.tooLong++;
            return undefined;
          }
          counters.reversed++;
          query.family = packet.family;
          query.addresses.set(packet.addresses.subarray(4), 0); // from the address that was hit
          query.addresses.set(packet.addresses.subarray(0, 4), 4); // to whoever asked
          const route = routes.resolve(query);
          if (typeof route === 'number') return undefined;
          const answer = packets.make(tail - head);
          const at = answer.put(tail - head);
          for (let i = head; i < tail; i++) answer.bytes[at + tail - 1 - i] = bytes[i] as number;
          route.output(answer, 254);
          packets.done(answer);
          return undefined;
        },
      },
    };
  },
});
