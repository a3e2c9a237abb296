// @protoloom/neighbour: neighbour states and caches of every family, RFC 4861 §7.3 as Linux applies it.
import {
  attach,
  CLOCK,
  definePlugin,
  ENTROPY,
  FAST_PATHS,
  INTERFACE_EVENTS,
  INTERFACES,
  own,
  provide,
  TIMERS,
  use,
} from '@protoloom/contracts';
import { NEIGHBOURS_CONTROL } from '@protoloom/contracts/control';
import { NEIGHBOUR_EVENTS, NEIGHBOUR_FAMILY, NEIGHBOURS } from '@protoloom/contracts/neighbour';
import { NeighbourControl } from './control.js';
import { NeighbourTables } from './service.js';
import { VERSION } from './version.js';

export { VERSION };

export const neighbour = definePlugin({
  name: '@protoloom/neighbour',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    fastPaths: use(FAST_PATHS, '^1.0'),
  },
  attaches: { interfaceEvents: attach(INTERFACE_EVENTS, '^1.0') },
  provides: { neighbours: provide(NEIGHBOURS, '1.0.0'), control: provide(NEIGHBOURS_CONTROL, '1.0.0') },
  owns: { families: own(NEIGHBOUR_FAMILY, '1.0.0'), events: own(NEIGHBOUR_EVENTS, '1.0.0') },
  create({ use: { clock, timers, entropy, interfaces, fastPaths }, points: { families, events } }) {
    const neighbours = new NeighbourTables(families, { clock, timers, entropy, events, fastPaths });
    const control = new NeighbourControl(neighbours, interfaces);
    return {
      handlers: { interfaceEvents: neighbours },
      services: { neighbours, control },
      otherwise: { families: { onDetach: (family: number) => neighbours.familyGone(family) } },
      snapshot: () => control.list(),
    };
  },
});
