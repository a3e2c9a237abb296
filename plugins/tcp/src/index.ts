// @protoloom/tcp: the Transmission Control Protocol, RFC 9293. The manifest, and how its parts are put together.
import {
  attach,
  attachIfPresent,
  attachSome,
  CLOCK,
  DISSECTOR,
  definePlugin,
  ENTROPY,
  FAST_PATHS,
  LOG,
  own,
  PACKETS,
  type Packet,
  provide,
  SEGMENT,
  type SysctlValue,
  TIMERS,
  TURNS,
  use,
} from '@protoloom/contracts';
import {
  ADDRESS_EVENTS,
  type InboundError,
  IP_ERROR_QUEUES,
  LOCAL_PORTS,
  type LocalAddress,
  ROUTES,
  SOCKET_NAMES,
  TRANSPORT_ERROR,
} from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { IP6_FLOW, IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM, SOCKET_TYPE, type SocketState } from '@protoloom/contracts/socket';
import { CONGESTION_CONTROL, GSO_TCP, GSO_TCP_ACCECN, TCP_ISN, TCP_METRICS, TCP_OPTION, type TcpOption } from '@protoloom/contracts/tcp';
import { AddressBlocks } from './address-blocks.js';
import { Loans } from './buffers/loans.js';
import { RingMemory } from './buffers/ring-memory.js';
import { makeShared, usersOf } from './congestion.js';
import type { Stranger, Tcp } from './context.js';
import { counters } from './counters.js';
import { Demux } from './demux.js';
import { dissector } from './dissector.js';
import { openEndpoint } from './endpoint.js';
import { addressRemoved, endAll, networkError } from './errors.js';
import { arrives } from './events/segment/arrives.js';
import { BlackHole } from './fastopen/black-hole.js';
import { CookieKeys, HostKeys, parseKeys } from './fastopen/cookie.js';
import { IsnGenerator } from './isn.js';
import { Memory } from './memory.js';
import { MetricsCache } from './metrics/cache.js';
import { TIMESTAMP_BYTES } from './options.js';
import { output } from './output.js';
import { Ports } from './ports.js';
import { AckState } from './recovery/ack-state.js';
import { SentPool } from './recovery/scoreboard.js';
import { Rest } from './rest.js';
import { Segment } from './segment-in.js';
import { accurateSegmenter, segmenter } from './segmenter.js';
import { RateSample } from './sender-view.js';
import { socketOptionAttachments, socketOptionHandlers } from './socket-options.js';
import { sockstat } from './sockstat.js';
import { SynCookies } from './syn-cookies.js';
import { sysctls } from './sysctls.js';
import { TimeWaits } from './time-wait.js';
import { VERSION } from './version.js';
import { ports } from './wire.js';

export { VERSION } from './version.js';
export * as wire from './wire.js';

/** Serves kinds of options that nobody attaches to. */
const NO_OPTION: TcpOption<undefined> = { open: () => undefined, parse: () => 0, bytes: () => 0, write: () => undefined };

export const tcp = definePlugin({
  name: '@protoloom/tcp',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: 60,
  uses: {
    clock: use(CLOCK, '^1.0'),
    timers: use(TIMERS, '^1.1'),
    turns: use(TURNS, '^1.2'),
    entropy: use(ENTROPY, '^1.0'),
    log: use(LOG, '^1.0'),
    packets: use(PACKETS, '^1.1'),
    fastPaths: use(FAST_PATHS, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    localPorts: use(LOCAL_PORTS, '^1.0'),
    names: use(SOCKET_NAMES, '^1.0'),
    errorQueues: use(IP_ERROR_QUEUES, '^1.0'),
  },
  attaches: {
    segment: attachSome([IP4_PROTOCOL, IP6_PROTOCOL], IPPROTO_TCP, '^1.0'),
    flow: attachIfPresent(IP6_FLOW, IPPROTO_TCP, '^1.0'),
    error: attach(TRANSPORT_ERROR, IPPROTO_TCP, '^1.0'),
    addresses: attach(ADDRESS_EVENTS, '^1.0'),
    stream: attach(SOCKET_TYPE, { families: [AF_INET, AF_INET6], type: SOCK_STREAM, protocol: IPPROTO_TCP, default: true }, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 4, kind: GSO_TCP }, '^1.0'),
    accurateSegmenter: attach(SEGMENT, { layer: 4, kind: GSO_TCP_ACCECN }, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ip', number: IPPROTO_TCP }, '^1.0'),
    ...socketOptionAttachments,
  },
  provides: { metrics: provide(TCP_METRICS, '1.0.0') },
  owns: {
    controllers: own(CONGESTION_CONTROL, '1.0.0'),
    options: own(TCP_OPTION, '1.0.0'),
    isn: own(TCP_ISN, '1.0.0'),
  },
  counters,
  sysctls,
  create({ use: services, points, counters, sysctls }) {
    const { clock, entropy, routes } = services;
    const stranger: Stranger = {
      family: 0,
      addresses: new Int32Array(8),
      iface: 0,
      txHash: 0,
      localPort: 0,
      remotePort: 0,
      mark: 0,
      socket: undefined,
    };
    // The tables refer to the context that holds them: they are put in before anything runs.
    const context = {
      ...services,
      query: routes.query(),
      counters,
      sysctls,
      controllers: points.controllers,
      options: points.options,
      optionKinds: [] as readonly number[],
      isnChain: points.isn,
      isn: new IsnGenerator(entropy, clock, points.isn),
      synCookies: new SynCookies(entropy, clock),
      hostKeys: new HostKeys(entropy),
      metrics: new MetricsCache(entropy, clock),
      blackHole: new BlackHole(),
      demux: new Demux(entropy.word(), entropy.word(), services.fastPaths.taken, (): TimeWaits => context.timeWaits),
      seg: new Segment(services.fastPaths.taken ? TIMESTAMP_BYTES : undefined),
      sample: new RateSample(),
      shared: makeShared(),
      ack: new AckState(),
      addressBlocks: new AddressBlocks(),
      ringMemory: undefined as unknown as RingMemory,
      rest: undefined as unknown as Rest,
      loans: new Loans(services.turns, services.fastPaths.taken),
      marks: [],
      sentPool: new SentPool(),
      stranger,
      challengeLeft: 0,
      challengeSinceUs: 0,
      orphans: 0,
      output,
      ports: undefined as unknown as Ports,
      timeWaits: undefined as unknown as TimeWaits,
      memory: undefined as unknown as Memory,
    } satisfies Tcp;
    context.ports = new Ports(context);
    context.timeWaits = new TimeWaits(context);
    context.memory = new Memory(context);
    context.ringMemory = new RingMemory(context.memory, services.turns);
    context.rest = new Rest(context);
    return {
      handlers: {
        segment: (packet: Packet) => arrives(context, packet),
        flow: ({ view, l4 }: Packet) => ports(view, l4),
        error: (error: InboundError) => networkError(context, error),
        addresses: { removed: (address: LocalAddress) => addressRemoved(context, address) },
        stream: { open: (socket: SocketState) => openEndpoint(context, socket) },
        segmenter,
        accurateSegmenter,
        dissector,
        ...socketOptionHandlers(context),
      },
      services: { metrics: context.metrics },
      sysctls: {
        availableCongestionControl: { read: () => points.controllers.keys().join(' ') },
        fastopenKey: {
          read: () => context.hostKeys.text,
          changed: () => {
            context.hostKeys.keys = new CookieKeys(parseKeys(sysctls.fastopenKey));
          },
        },
        fastopenBlackholeTimeout: {
          changed: () => {
            context.blackHole.times = 0;
          },
        },
        congestionControl: {
          // Linux's answer to a name that is not there is ENOENT; what may be set is what is plugged in.
          validate: (value: SysctlValue) =>
            points.controllers.get(String(value)) === undefined
              ? `takes a controller that is plugged in, ${points.controllers.keys().join(' or ')}`
              : undefined,
        },
      },
      otherwise: {
        controllers: {
          mayDetach: (name: string) => {
            const users = usersOf(context, name);
            return users > 0 ? `${users} connection${users === 1 ? ' has' : 's have'} the controller ${name}` : undefined;
          },
        },
        options: {
          handler: NO_OPTION,
          onAttach: (kind: number) => {
            context.optionKinds = [...context.optionKinds, kind].sort((a, b) => a - b);
          },
          onDetach: (kind: number) => {
            context.optionKinds = context.optionKinds.filter((other) => other !== kind);
          },
        },
      },
      inUse: () => (context.demux.size > 0 ? [`${context.demux.size} connections, half-open ones and TIME-WAITs among them`] : []),
      stop: () => endAll(context),
      snapshot: () => sockstat(context),
    };
  },
});
