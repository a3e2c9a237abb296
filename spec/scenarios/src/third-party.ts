// A protocol as an outsider writes one: IP protocol 253 (RFC 3692's first for experiments), with a counter, a sysctl and a socket type of
// its own. Nothing but contracts is imported, and no file of the stack knows of it.
import { attach, attachSome, definePlugin, ERRNO, PACKETS, type Packet, TURNS, use } from '@protoloom/contracts';
import { ROUTES, type Route } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import {
  AF_INET,
  type Endpoint,
  POLLIN,
  POLLOUT,
  SOCK_DGRAM,
  SOCKET_TYPE,
  type SocketAddress,
  type SocketState,
} from '@protoloom/contracts/socket';

const GREETING_PROTOCOL = 253;

/** The whole protocol: what one host says to another, in ASCII. */
export const greeting = (name: string): Uint8Array => Uint8Array.from(`hello ${name}`, (character) => character.charCodeAt(0));

export const greeter = definePlugin({
  name: '@example/greeter',
  version: '0.1.0',
  api: '^1.0.0',
  uses: { routes: use(ROUTES, '^1.0'), packets: use(PACKETS, '^1.0'), turns: use(TURNS, '^1.0') },
  attaches: {
    greeting: attachSome([IP4_PROTOCOL, IP6_PROTOCOL], GREETING_PROTOCOL, '^1.0'),
    socket: attach(SOCKET_TYPE, { families: [AF_INET], type: SOCK_DGRAM, protocol: GREETING_PROTOCOL }, '^1.0'),
  },
  counters: {
    heard: { unit: 'packets', fate: 'delivered', doc: 'Greetings.' },
    rude: { unit: 'packets', fate: 'GREETER_RUDE', doc: 'Longer than net.example.greeting_max.' },
  },
  sysctls: {
    greetingMax: {
      path: 'net.example.greeting_max',
      initial: 64,
      min: 1,
      max: 1000,
      unit: 'bytes',
      doc: 'Longest greeting that is heard.',
    },
  },
  create({ use: { routes, packets, turns }, counters, sysctls }) {
    const sockets = new Set<Greeter>();

    class Greeter implements Endpoint {
      readonly socket: SocketState;
      listener: Endpoint['listener'] = undefined;
      waking = false;
      #route: Route | undefined;
      readonly heard: Packet[] = [];

      constructor(socket: SocketState) {
        this.socket = socket;
        sockets.add(this);
      }
      get readiness(): number {
        return POLLOUT | (this.heard.length > 0 ? POLLIN : 0);
      }
      woken(): void {
        this.listener?.ready(this);
      }
      connect(address: SocketAddress): number {
        const query = routes.query();
        query.family = address.family;
        query.addresses.set(address.words, 4);
        const route = routes.resolve(query);
        if (typeof route === 'number') return route;
        this.#route = route;
        return 0;
      }
      send(bytes: Uint8Array, from: number, to: number): number {
        if (this.#route === undefined) return -ERRNO.EDESTADDRREQ;
        const packet = packets.make(to - from);
        packet.bytes.set(bytes.subarray(from, to), packet.put(to - from));
        const result = this.#route.output(packet, GREETING_PROTOCOL);
        packets.done(packet);
        return result < 0 ? result : to - from;
      }
      receive(bytes: Uint8Array, from: number, to: number): number {
        const packet = this.heard.shift();
        if (packet === undefined) return -ERRNO.EAGAIN;
        const count = Math.min(to - from, packet.tail - packet.head);
        bytes.set(packet.bytes.subarray(packet.head, packet.head + count), from);
        packet.release();
        return count;
      }
      close(): number {
        sockets.delete(this);
        for (const packet of this.heard.splice(0)) packet.release();
        return 0;
      }
      bind = (): number => 0;
      listen = (): number => -ERRNO.EOPNOTSUPP;
      accept = (): number => -ERRNO.EOPNOTSUPP;
      peek = (): number => -ERRNO.EOPNOTSUPP;
      consume = (): number => -ERRNO.EOPNOTSUPP;
      reserve = (): number => -ERRNO.EOPNOTSUPP;
      commit = (): number => -ERRNO.EOPNOTSUPP;
      shutdown = (): number => 0;
      localAddress = (): number => 0;
      peerAddress = (): number => -ERRNO.ENOTCONN;
      takeError = (): number => 0;
    }

    return {
      handlers: {
        greeting(packet) {
          if (packet.length > sysctls.greetingMax) {
            counters.rude++;
            return undefined;
          }
          counters.heard++;
          for (const socket of sockets) {
            socket.heard.push(packet.copy());
            turns.wake(socket);
          }
          return undefined;
        },
        socket: { open: (socket) => new Greeter(socket) },
      },
      inUse: () => (sockets.size === 0 ? [] : [`${sockets.size} open greeters`]),
    };
  },
});
