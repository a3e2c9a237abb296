// @protoloom/multicast: memberships of groups, by socket and by interface, for both families: RFC 3678, RFC 3376 §3, RFC 3810 §4.
import {
  attach,
  definePlugin,
  ENTROPY,
  IFF_MULTICAST,
  IFF_UP,
  INTERFACE_EVENTS,
  INTERFACES,
  own,
  provide,
  use,
} from '@protoloom/contracts';
import { LOCAL_ADDRESSES, ROUTES } from '@protoloom/contracts/ip';
import { GROUP_PROTOCOL, MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { AF_INET } from '@protoloom/contracts/socket';
import { admits } from '@protoloom/mechanisms';
import { equalWords } from '@protoloom/wire';
import { familyOf, Groups } from './groups.js';
import { socketAttachments, socketHandlers } from './options.js';
import { SocketGroupCalls, type SocketGroups } from './socket-groups.js';
import { sysctls } from './sysctls.js';
import { Values } from './values.js';
import { VERSION } from './version.js';

export const multicast = definePlugin({
  name: '@protoloom/multicast',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    entropy: use(ENTROPY, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    addresses: use(LOCAL_ADDRESSES, '^1.0'),
  },
  attaches: { interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'), ...socketAttachments },
  provides: { memberships: provide(MEMBERSHIPS, '1.0.0') },
  owns: { protocol: own(GROUP_PROTOCOL, '1.0.0') },
  sysctls,
  create({ use: { entropy, interfaces, routes, addresses }, points, sysctls: limits, socketState }) {
    const groups = new Groups({ interfaces, protocols: points.protocol, seed0: entropy.word(), seed1: entropy.word() });
    const sockets = socketState<SocketGroups>(() => ({ memberships: [], takesAll: true, takesAll6: true }));
    const query = routes.query();
    const calls = new SocketGroupCalls({
      groups,
      limits,
      of: (socket) => sockets.of(socket),
      interfaceFor(words) {
        query.family = familyOf(words);
        query.addresses.fill(0);
        query.addresses.set(words, 4);
        const route = routes.resolve(query);
        if (typeof route !== 'number') return route.iface;
        // Every link has all groups of IPv6: as Linux, whose first route to ff00::/8 that is.
        const able = IFF_MULTICAST | IFF_UP;
        return query.family === AF_INET ? undefined : interfaces.list.find(({ flags }) => (flags & able) === able);
      },
    });
    return {
      handlers: {
        interfaceEvents: { gone: (iface) => groups.gone(iface) },
        ...socketHandlers({ calls, values: new Values({ interfaces, addresses }), sockets }),
      },
      services: {
        memberships: {
          join: (iface, words, at, filter) => groups.join(iface, words, at, filter),
          accepts: (packet, anySource) => groups.accepts(packet, anySource),
          isMember: (iface, packetAddresses) => groups.isMember(iface, packetAddresses),
          wants(socket, { iface, addresses: packetAddresses }) {
            const { memberships, takesAll, takesAll6 } = sockets.of(socket);
            for (let i = 0; i < memberships.length; i++) {
              const one = memberships[i];
              if (one !== undefined && one.iface === iface && equalWords(one.words, 0, packetAddresses, 4))
                return admits(one.filter, packetAddresses, 0);
            }
            return packetAddresses[6] === 0xffff && packetAddresses[4] === 0 && packetAddresses[5] === 0 ? takesAll : takesAll6;
          },
          closed(socket) {
            for (const membership of sockets.ifMade(socket)?.memberships.splice(0) ?? []) membership.leave();
          },
          forEach: (iface, family, visit) => groups.forEach(iface, family, visit),
        },
      },
      snapshot: () => ({ groups: groups.size }),
    };
  },
});

export { VERSION };
