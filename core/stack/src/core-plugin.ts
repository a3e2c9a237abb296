// Plugin zero: what the stack itself supplies, declared as any plugin is. The core has no private door.
import {
  CLOCK,
  type CounterSpec,
  DISSECTOR,
  type Dissector,
  type DissectorKey,
  definePlugin,
  ENTROPY,
  type Entropy,
  ETHERTYPE,
  FAST_PATHS,
  FRAME_TAP,
  INTERFACE_EVENTS,
  INTERFACES,
  LINK_INPUT,
  LINK_TYPE,
  LOG,
  type Log,
  type Lookup,
  own,
  PACKETS,
  type Packet,
  type Plugin,
  provide,
  providePerUser,
  SEGMENT,
  type SysctlSpec,
  TIMERS,
  TURNS,
} from '@protoloom/contracts';
import { LINKS } from '@protoloom/contracts/control';
import { ADDRESS_FAMILY, CONTROL_MESSAGE, SOCKET_OPTION, SOCKET_TYPE, SOCKETS } from '@protoloom/contracts/socket';
import type { CounterRegistry } from './counters.js';
import { LinkControl } from './interfaces/links.js';
import { PacketPool } from './packet/pool.js';
import type { SlotRegistry } from './slots.js';
import { socketOptionAttachments, socketOptionHandlers } from './socket/options.js';
import { StackSockets } from './socket/sockets.js';
import type { SysctlRegistry } from './sysctls.js';
import type { Faults } from './turn/faults.js';
import { type ClockCell, TurnLoop } from './turn/loop.js';
import { StackTimers } from './turn/timers.js';
import { VERSION } from './version.js';

export const CORE_NAME = '@protoloom/stack';

const counters = {
  receivedFrames: { unit: 'packets', doc: 'Frames that devices handed up.' },
  unknownEtherType: { unit: 'packets', fate: 'UNHANDLED_PROTO', doc: 'Nobody attaches to the EtherType.' },
  downDropped: { unit: 'packets', fate: 'DEV_DOWN', doc: 'Came in on an interface that is down.' },
  faultedPackets: { unit: 'packets', fate: 'PLUGIN_FAULT', doc: 'A plugin threw while it had the packet.' },
  backlogDropped: { unit: 'packets', fate: 'CPU_BACKLOG', doc: 'A packet to ourselves found net.core.netdev_max_backlog others waiting.' },
  headroomMoves: { unit: 'packets', doc: 'Headers needed more room than a packet had: it was moved to another buffer.' },
  txQueueDropped: { unit: 'packets', doc: 'The device was full, and so was the queue before it.' },
  unsegmentable: { unit: 'packets', doc: 'A super-segment for a device that cuts none, of a protocol that attaches no SEGMENT.' },
} as const satisfies CounterSpec;

const sysctls = {
  devWeight: {
    path: 'net.core.dev_weight',
    initial: 64,
    min: 1,
    unit: 'packets',
    doc: 'Frames that one device hands up before the next has its chance.',
  },
  netdevBudget: { path: 'net.core.netdev_budget', initial: 300, min: 1, unit: 'packets', doc: 'Packets that one turn receives.' },
  netdevMaxBacklog: {
    path: 'net.core.netdev_max_backlog',
    initial: 1000,
    min: 1,
    unit: 'packets',
    doc: 'Packets to ourselves that wait for a turn.',
  },
  rmemDefault: { path: 'net.core.rmem_default', initial: 212_992, min: 2304, unit: 'bytes', doc: 'Receive buffer of a new socket.' },
  rmemMax: { path: 'net.core.rmem_max', initial: 4_194_304, min: 2304, unit: 'bytes', doc: 'Most that SO_RCVBUF asks for.' },
  wmemDefault: { path: 'net.core.wmem_default', initial: 212_992, min: 4608, unit: 'bytes', doc: 'Send buffer of a new socket.' },
  wmemMax: { path: 'net.core.wmem_max', initial: 4_194_304, min: 4608, unit: 'bytes', doc: 'Most that SO_SNDBUF asks for.' },
} as const satisfies SysctlSpec;

/** What a host supplies, and what the stack keeps beside its plugins. */
export interface CoreEnvironment {
  readonly clock: ClockCell;
  readonly entropy: Entropy;
  logFor(plugin: string): Log;
  readonly counterRegistry: CounterRegistry;
  readonly sysctlRegistry: SysctlRegistry;
  readonly slotRegistry: SlotRegistry;
  readonly faults: Faults;
  /** Overwrites released buffers. */
  readonly poison: boolean;
  /** Layers take their short ways. */
  readonly fastPaths: boolean;
  ownerOfLinkType(type: number): string;
}

/** The parts that the stack drives. */
export interface Core {
  readonly pool: PacketPool;
  readonly timers: StackTimers;
  readonly loop: TurnLoop;
  readonly links: LinkControl;
  readonly sockets: StackSockets;
  readonly dissectors: Lookup<DissectorKey, Dissector>;
}

/** Makes plugin zero; `made` is told of its parts as soon as `create` has run. */
export function corePlugin(environment: CoreEnvironment, made: (core: Core) => void): Plugin {
  const { clock, faults, counterRegistry, sysctlRegistry, slotRegistry } = environment;
  return definePlugin({
    name: CORE_NAME,
    version: VERSION,
    api: '^1.0.0',
    counters,
    sysctls,
    attaches: socketOptionAttachments,
    provides: {
      clock: provide(CLOCK, '1.0.0'),
      entropy: provide(ENTROPY, '1.0.0'),
      packets: provide(PACKETS, '1.1.0'),
      fastPaths: provide(FAST_PATHS, '1.0.0'),
      interfaces: provide(INTERFACES, '1.0.0'),
      links: provide(LINKS, '1.0.0'),
      linkInput: provide(LINK_INPUT, '1.0.0'),
      sockets: provide(SOCKETS, '1.0.0'),
      timers: providePerUser(TIMERS, '1.1.0'),
      turns: providePerUser(TURNS, '1.2.0'),
      log: providePerUser(LOG, '1.0.0'),
    },
    owns: {
      etherType: own(ETHERTYPE, '1.0.0'),
      linkType: own(LINK_TYPE, '1.0.0'),
      taps: own(FRAME_TAP, '1.0.0'),
      interfaceEvents: own(INTERFACE_EVENTS, '1.0.0'),
      segment: own(SEGMENT, '1.0.0'),
      addressFamily: own(ADDRESS_FAMILY, '1.0.0'),
      socketType: own(SOCKET_TYPE, '1.0.0'),
      socketOption: own(SOCKET_OPTION, '1.0.0'),
      controlMessage: own(CONTROL_MESSAGE, '1.0.0'),
      dissector: own(DISSECTOR, '1.0.0'),
    },
    create({ points, counters: count, sysctls: limits }) {
      const pool = new PacketPool(count, environment.poison, environment.fastPaths);
      const timers = new StackTimers(clock, faults);
      const loop = new TurnLoop(clock, pool, faults, timers, limits, count);
      const links = new LinkControl({
        pool,
        taps: points.taps,
        networks: points.etherType,
        segmenters: points.segment,
        counters: count,
        work: (atOnce) => loop.work(atOnce),
        inTurn: () => loop.inTurn,
        log: environment.logFor(CORE_NAME),
        linkTypes: { get: (type) => points.linkType.get(type), ownerOf: (type) => environment.ownerOfLinkType(type) },
        events: points.interfaceEvents,
        counterRegistry,
        sysctlRegistry,
        slotRegistry,
        portsChanged: (ports) => {
          loop.ports = ports;
        },
      });
      const sockets = new StackSockets(
        {
          addressFamilies: points.addressFamily,
          socketTypes: points.socketType,
          options: points.socketOption,
          controlMessages: points.controlMessage,
        },
        limits,
      );
      made({ pool, timers, loop, links, sockets, dissectors: points.dissector });
      const { etherType } = points;
      return {
        services: {
          clock,
          entropy: environment.entropy,
          packets: pool,
          fastPaths: { taken: environment.fastPaths },
          interfaces: links.interfaces,
          links,
          linkInput: {
            deliver: (packet: Packet) => etherType.table[packet.protocol]?.(packet),
            enqueue: (packet: Packet) => loop.enqueue(packet),
            loop: (packet: Packet) => loop.loop(packet),
          },
          sockets,
          timers: ({ plugin }) => timers.timersFor(plugin),
          turns: ({ plugin }) => loop.turnsFor(plugin),
          log: ({ plugin }) => environment.logFor(plugin),
        },
        handlers: socketOptionHandlers({ limits, interfaces: () => links.interfaces }),
        otherwise: {
          etherType: {
            handler: (packet: Packet) => {
              packet.reason = counters.unknownEtherType.fate;
              count.unknownEtherType++;
              return undefined;
            },
          },
        },
        stop: () => links.removeAll(),
      };
    },
  });
}
