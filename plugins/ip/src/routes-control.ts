// `ip route`.
import { type Clock, IFF_UP, type Interface, type Interfaces } from '@protoloom/contracts';
import type { RouteInfo, RoutePreference, RouteSpec, RoutesControl } from '@protoloom/contracts/control';
import {
  type NetworkFamily,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_BLACKHOLE,
  RTN_LOCAL,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTPROT_BOOT,
} from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords, type IpAddress, Prefix, parseAddress } from '@protoloom/wire';
import { readAddress } from './addresses.js';
import { IpControlError } from './control-error.js';
import { type Fib, type FibRoute, isDefault, sameGateway, sameRoute } from './fib.js';
import type { RouteLifetimes } from './route-lifetimes.js';

const NO_DEVICE: readonly number[] = [RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT];
const TYPES: readonly number[] = [RTN_UNICAST, ...NO_DEVICE];

/** By what they are in the table, less one. */
const PREFERENCES: readonly RoutePreference[] = ['low', 'medium', 'high'];
const SECOND_US = 1_000_000;

export interface RoutesControlContext {
  readonly fib: Fib;
  readonly clock: Clock;
  readonly lifetimes: RouteLifetimes;
  readonly interfaces: Interfaces;
  family(number: number): NetworkFamily | undefined;
}

export class RouteControl implements RoutesControl {
  readonly #context: RoutesControlContext;

  constructor(context: RoutesControlContext) {
    this.#context = context;
  }

  add(spec: RouteSpec): void {
    const route = this.#read(spec);
    if (!this.#context.fib.add(route))
      throw new IpControlError('EEXIST', `there is a route to ${spec.destination} with metric ${route.metric} already`);
    this.#context.lifetimes.watch(route.expiresUs);
  }

  replace(spec: RouteSpec): void {
    const { fib, lifetimes } = this.#context;
    const route = this.#read(spec);
    const there = fib.list().find((other) => samePlace(other, route) && sameRoute(other, route));
    if (there !== undefined && saysTheSame(there, route)) there.expiresUs = route.expiresUs;
    else {
      fib.remove((other) => other === there);
      fib.add(route);
    }
    lifetimes.watch(route.expiresUs);
  }

  remove(spec: RouteSpec): void {
    const { fib, interfaces } = this.#context;
    const { family, words, bits } = this.#destination(spec);
    const gateway = spec.gateway === undefined ? undefined : readAddress(() => parseAddress(spec.gateway as string)).toWords();
    const iface = spec.iface === undefined ? undefined : interfaces.byName(spec.iface);
    const hit = fib
      .list()
      .filter(
        (route) =>
          route.table === 'main' &&
          route.family === family &&
          route.bits === bits &&
          equalWords(route.words, 0, words, 0) &&
          (spec.metric === undefined || route.metric === spec.metric) &&
          (spec.iface === undefined || route.iface === iface) &&
          (gateway === undefined || (route.gateway !== undefined && equalWords(route.gateway, 0, gateway, 0))),
      )
      .sort((a, b) => a.metric - b.metric)[0];
    if (hit === undefined) throw new IpControlError('ESRCH', `there is no such route to ${spec.destination}`);
    fib.remove((route) => route === hit);
  }

  list(): readonly RouteInfo[] {
    return this.#context.fib.list().map((route) => this.#info(route));
  }

  #destination(spec: RouteSpec): { family: number; words: Int32Array; bits: number } {
    if (spec.destination !== 'default') {
      const prefix = readAddress(() => Prefix.parse(spec.destination));
      return { family: prefix.family, words: prefix.address.toWords(), bits: prefix.wordBits };
    }
    const family =
      spec.gateway !== undefined ? readAddress(() => parseAddress(spec.gateway as string)).family : spec.family === 'inet6' ? 10 : 2;
    const prefix = Prefix.of(parseAddress(family === 2 ? '0.0.0.0' : '::'), 0);
    return { family, words: prefix.address.toWords(), bits: prefix.wordBits };
  }

  #read(spec: RouteSpec): FibRoute {
    const { family, words, bits } = this.#destination(spec);
    const { type = RTN_UNICAST, metric = 0 } = spec;
    if (!TYPES.includes(type)) throw new IpControlError('EINVAL', `a route's type is one of ${TYPES.join(', ')}, not ${type}`);
    if (!Number.isInteger(metric) || metric < 0 || metric > 0xffff_ffff)
      throw new IpControlError('EINVAL', `a metric is a whole number from 0 to 4294967295, not ${metric}`);
    if (this.#context.family(family) === undefined)
      throw new IpControlError('EAFNOSUPPORT', `nobody speaks the family of ${spec.destination}: plug in its network layer`);
    const gateway = spec.gateway === undefined ? undefined : readAddress(() => parseAddress(spec.gateway as string));
    if (gateway !== undefined && gateway.family !== family)
      throw new IpControlError('EINVAL', `${spec.gateway} is not of the family of ${spec.destination}`);
    const source = spec.source === undefined ? undefined : readAddress(() => parseAddress(spec.source as string)).toWords();
    if (source !== undefined && this.#context.fib.lookupLocal(family, source, 0)?.type !== RTN_LOCAL) {
      throw new IpControlError('EINVAL', `${spec.source} is not an address of this host`);
    }
    return {
      family,
      words,
      bits,
      gateway: gateway?.toWords(),
      iface: NO_DEVICE.includes(type) ? undefined : this.#iface({ ...spec, iface: nameOf(spec, gateway) }, family, gateway?.toWords()),
      source,
      metric,
      scope: spec.scope ?? (gateway === undefined && type === RTN_UNICAST ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
      protocol: spec.protocol ?? RTPROT_BOOT,
      type,
      table: 'main',
      mtu: spec.mtu ?? 0,
      hopLimit: spec.hopLimit ?? 0,
      advertisedMss: spec.advertisedMss ?? 0,
      initialCwnd: spec.initialCwnd ?? 0,
      initialRwnd: spec.initialRwnd ?? 0,
      congestionControl: spec.congestionControl ?? '',
      ecn: spec.ecn ?? false,
      preference: PREFERENCES.indexOf(spec.preference ?? 'medium') - 1,
      expiresUs: spec.expires === undefined ? Number.POSITIVE_INFINITY : this.#context.clock.nowUs + spec.expires * SECOND_US,
    };
  }

  /** The interface that is named, or on whose link the gateway is. */
  #iface(spec: RouteSpec, family: number, gateway: Int32Array | undefined): Interface {
    const { interfaces, fib } = this.#context;
    const named = spec.iface === undefined ? undefined : interfaces.byName(spec.iface);
    if (spec.iface !== undefined && named === undefined) {
      throw new IpControlError(
        'ENODEV',
        `there is no interface ${spec.iface}; there is ${interfaces.list.map(({ name }) => name).join(', ') || 'none'}`,
      );
    }
    if (named !== undefined && (named.flags & IFF_UP) === 0) throw new IpControlError('ENETDOWN', `${spec.iface} is down`);
    if (gateway === undefined) {
      if (named === undefined) throw new IpControlError('ENODEV', `a route to ${spec.destination} needs a gateway or an interface`);
      return named;
    }
    if (fib.lookupLocal(family, gateway, 0) !== undefined)
      throw new IpControlError('EINVAL', `the gateway ${spec.gateway} is this host itself`);
    // What is of the link alone is on the link.
    if (named !== undefined && this.#context.family(family)?.scope(gateway, 0) === RT_SCOPE_LINK) return named;
    const way = fib.lookupMain(family, gateway, 0, named?.index ?? 0);
    if (way?.iface === undefined || way.gateway !== undefined)
      throw new IpControlError(
        'ENETUNREACH',
        `the gateway ${spec.gateway} is on no link of ${named?.name ?? 'this host'}: add an address of its subnet first`,
      );
    return way.iface;
  }

  #info(route: FibRoute): RouteInfo {
    const network = this.#context.family(route.family);
    const text = (words: Int32Array | undefined): string | undefined => (words === undefined ? undefined : network?.format(words, 0));
    const bits = route.family === 2 ? route.bits - 96 : route.bits;
    return {
      destination: isDefault(route) ? 'default' : `${text(route.words)}/${bits}`,
      gateway: text(route.gateway),
      iface: route.iface?.name,
      source: text(route.source),
      metric: route.metric,
      scope: route.scope,
      protocol: route.protocol,
      type: route.type,
      table: route.table,
      mtu: route.mtu || undefined,
      hopLimit: route.hopLimit || undefined,
      advertisedMss: route.advertisedMss || undefined,
      initialCwnd: route.initialCwnd || undefined,
      initialRwnd: route.initialRwnd || undefined,
      congestionControl: route.congestionControl || undefined,
      ecn: route.ecn || undefined,
      preference: route.family === 2 ? undefined : PREFERENCES[route.preference + 1],
      expires:
        route.expiresUs === Number.POSITIVE_INFINITY
          ? undefined
          : Math.max(0, Math.round((route.expiresUs - this.#context.clock.nowUs) / SECOND_US)),
      family: route.family === 2 ? 'inet' : 'inet6',
    };
  }
}

/** Whether nothing but the lifetime differs. */
const saysTheSame = (a: FibRoute, b: FibRoute): boolean =>
  sameGateway(a.gateway, b.gateway) &&
  sameGateway(a.source, b.source) &&
  (Object.keys(b) as (keyof FibRoute)[]).every((key) => LEFT_OUT.has(key) || a[key] === b[key]);
/** What is compared otherwise, or not at all. */
const LEFT_OUT: ReadonlySet<keyof FibRoute> = new Set(['words', 'gateway', 'source', 'expiresUs']);

const samePlace = (a: FibRoute, b: FibRoute): boolean =>
  a.table === b.table && a.family === b.family && a.bits === b.bits && equalWords(a.words, 0, b.words, 0);

/** The interface's name: as it is given, or the gateway's zone (RFC 4007 §11). */
function nameOf({ iface, gateway: text }: RouteSpec, gateway: IpAddress | undefined): string | undefined {
  const zone = gateway?.family === AF_INET6 ? gateway.zone : '';
  if (zone === '') return iface;
  if (iface !== undefined && iface !== zone) throw new IpControlError('EINVAL', `the gateway ${text} is not of the zone ${iface}`);
  return zone;
}
