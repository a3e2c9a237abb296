// DNS servers and search domains that routers tell of (RFC 8106), for whoever runs the host: the host itself resolves no names.
import { attach, CLOCK, definePlugin, type Plugin, TIMERS, type Timer, use } from '@protoloom/contracts';
import { IP6_RESOLVERS } from '@protoloom/contracts/ipv6';
import { VERSION } from './version.js';

const SECOND_US = 1_000_000;
/** RFC 8106 §5.3.1: room for three servers at least; more than this is nobody's network. */
const MOST = 32;

export interface Resolvers {
  readonly servers: readonly string[];
  readonly domains: readonly string[];
}

/** A plugin that calls `changed` with all that is in force, whenever that is another. */
export const resolvers = (changed: (now: Resolvers) => void): Plugin =>
  definePlugin({
    name: '@protoloom/cli-resolvers',
    version: VERSION,
    api: '^1.0.0',
    uses: { clock: use(CLOCK, '^1.0'), timers: use(TIMERS, '^1.0') },
    attaches: { advertised: attach(IP6_RESOLVERS, '^1.0') },
    create({ use: { clock, timers } }) {
      /** When each is over, µs of the clock, in the order in which they were first told. */
      const untilUs = { servers: new Map<string, number>(), domains: new Map<string, number>() };
      let told = '';
      const timer: Timer = timers.timer(untilUs, () => settle());
      function settle(): void {
        for (const known of Object.values(untilUs)) for (const [text, us] of known) if (us <= clock.nowUs) known.delete(text);
        const nextUs = Math.min(...Object.values(untilUs).flatMap((known) => [...known.values()]));
        if (nextUs < Number.POSITIVE_INFINITY) timer.armAt(nextUs);
        else timer.cancel();
        const now = { servers: [...untilUs.servers.keys()], domains: [...untilUs.domains.keys()] };
        const text = JSON.stringify(now);
        if (text === told || (told === '' && now.servers.length + now.domains.length === 0)) return;
        told = text;
        changed(now);
      }
      return {
        handlers: {
          advertised(one) {
            for (const kind of ['servers', 'domains'] as const) {
              const known = untilUs[kind];
              for (const text of one[kind])
                if (known.has(text) || known.size < MOST) known.set(text, clock.nowUs + one.lifetime * SECOND_US);
            }
            settle();
            return undefined;
          },
        },
      };
    },
  });
