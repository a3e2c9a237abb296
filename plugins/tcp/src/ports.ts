// Local ports: who has which (bind's rules), and the choice of one (RFC 6056 §3.3.3, algorithm 3).
import { ERRNO, SOURCE } from '@protoloom/contracts';
import { RTN_UNSPEC } from '@protoloom/contracts/ip';
import type { SocketAddress } from '@protoloom/contracts/socket';
import { TCP_LISTEN } from '@protoloom/contracts/tcp';
import { copyWords, equalWords, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import type { Flow } from './demux.js';
import { FLOW_CONNECTION, FLOW_TIME_WAIT, type Tcb } from './tcb.js';
import type { TimeWait } from './time-wait.js';
import { TupleHash } from './tuple-hash.js';

const NOBODY: readonly Tcb[] = [];

export class Ports {
  readonly #tcp: Tcp;
  /** Sockets that have chosen a port, by it; most have one holder, which then needs no set. */
  readonly #holders = new Map<number, Tcb | Set<Tcb>>();
  /** How many have it besides: connections that a listener begot, and what is left of connections. There may be very many. */
  readonly #sharers = new Map<number, number>();
  readonly #hash: TupleHash;
  /** Algorithm 3's next_ephemeral, which grows by two, so that bind and connect keep to ports of their own parity, as Linux's. */
  #next = 0;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
    this.#hash = new TupleHash(tcp.entropy);
  }

  /** bind(2): an address, or any, and a port, or 0 for one of our choice. @returns 0 or a negative errno. */
  bind(tcb: Tcb, address: SocketAddress): number {
    const { words, port } = address;
    const { names, localPorts, entropy } = this.#tcp;
    const conflicts = this.#conflicts(tcb);
    const type = names.bind(tcb.socket, address);
    if (type < 0) return type;
    const any = type === RTN_UNSPEC;
    if (!any || isMappedWords(words, 0)) copyWords(words, 0, tcb.addresses, SOURCE);
    tcb.boundAddress = !any;
    let chosen = port;
    if (port === 0) {
      const { low, high } = localPorts;
      const count = high - low + 1;
      const start = entropy.below(count);
      for (let i = 0; i < count && chosen === 0; i++) {
        const candidate = low + ((start + i) % count);
        if (!localPorts.isReserved(candidate) && !conflicts(candidate)) chosen = candidate;
      }
    } else if (conflicts(port)) chosen = 0;
    if (chosen === 0) {
      if (!any) this.#unbind(tcb);
      return -ERRNO.EADDRINUSE;
    }
    tcb.localPort = chosen;
    tcb.boundPort = port !== 0;
    this.hold(tcb);
    return 0;
  }

  /** A port for connect(), or for listen() without bind(): writes `tcb.localPort`. @returns it, or -EADDRNOTAVAIL. */
  choose(tcb: Tcb): number {
    const { localPorts, demux } = this.#tcp;
    const { low, high } = localPorts;
    const count = high - low + 1;
    const listening = tcb.remotePort === 0;
    const conflicts = this.#conflicts(tcb);
    const start = this.#offset(tcb) + this.#next;
    for (let i = 0; i < count; i++) {
      const candidate = low + ((start + 2 * i + (2 * i >= count ? 1 : 0)) % count);
      if (localPorts.isReserved(candidate)) continue;
      // A connection only needs its 4-tuple for itself; and a port that somebody has bound is theirs.
      const taken = listening
        ? conflicts(candidate)
        : this.#isBound(candidate) || !isFree(demux.lookup(tcb.addresses, candidate, tcb.remotePort, tcb.iface));
      if (taken) continue;
      this.#next = (this.#next + 2 * i + 2) & 0xffff;
      tcb.localPort = candidate;
      this.hold(tcb);
      return candidate;
    }
    return -ERRNO.EADDRNOTAVAIL;
  }

  /** listen(2): SO_REUSEADDR does not let two listen on one port. @returns 0 or -EADDRINUSE. */
  listenAllowed(tcb: Tcb): number {
    for (const other of this.#of(tcb.localPort)) {
      if (other === tcb || other.state !== TCP_LISTEN || !overlap(tcb, other)) continue;
      if (!(tcb.socket.reusePort && other.socket.reusePort)) return -ERRNO.EADDRINUSE;
    }
    return 0;
  }

  hold(tcb: Tcb): void {
    const { localPort } = tcb;
    const holders = this.#holders.get(localPort);
    if (holders instanceof Set) holders.add(tcb);
    else this.#holders.set(localPort, holders === undefined || holders === tcb ? tcb : new Set([holders, tcb]));
  }

  /** One more has it that has not chosen it: what a listener begot, or what is left of a connection. */
  share(port: number): void {
    this.#sharers.set(port, (this.#sharers.get(port) ?? 0) + 1);
  }

  /** One of those is gone. */
  leave(port: number): void {
    const count = this.#sharers.get(port) ?? 0;
    if (count > 1) this.#sharers.set(port, count - 1);
    else this.#sharers.delete(port);
  }

  /** A socket, or a connection that a listener begot, has its port no more. */
  release(tcb: Tcb): void {
    const { localPort } = tcb;
    if (localPort === 0) return;
    const holders = this.#holders.get(localPort);
    if (holders instanceof Set) {
      if (!holders.delete(tcb)) this.leave(localPort);
      else if (holders.size === 0) this.#holders.delete(localPort);
    } else if (holders === tcb) this.#holders.delete(localPort);
    else this.leave(localPort);
    this.#unbind(tcb);
  }

  #of(port: number): Iterable<Tcb> {
    const holders = this.#holders.get(port);
    return holders instanceof Set ? holders : holders === undefined ? NOBODY : [holders];
  }

  #unbind(tcb: Tcb): void {
    tcb.boundAddress = false;
    tcb.boundPort = false;
    tcb.localPort = 0;
  }

  #isBound(port: number): boolean {
    for (const holder of this.#of(port)) if (holder.boundPort || holder.state === TCP_LISTEN) return true;
    return false;
  }

  /** Whether a port is kept from `tcb`: Linux's inet_csk_bind_conflict. Those who share ports are looked through once, and only if need be. */
  #conflicts(tcb: Tcb): (port: number) => boolean {
    let kept: ReadonlySet<number> | undefined;
    return (port) => {
      for (const other of this.#of(port)) if (keeps(other, tcb)) return true;
      if (!this.#sharers.has(port)) return false;
      kept ??= this.#keptBySharers(tcb);
      return kept.has(port);
    };
  }

  #keptBySharers(tcb: Tcb): ReadonlySet<number> {
    const { demux, timeWaits } = this.#tcp;
    const ports = new Set<number>();
    demux.forEach((flow) => {
      if (flow.kind === FLOW_CONNECTION && keeps(flow, tcb)) ports.add(flow.localPort);
    });
    // What is left of a connection gives way to whoever asks to reuse.
    if (!tcb.socket.reuseAddress)
      timeWaits.forEach((remains) => {
        if (overlap(tcb, remains)) ports.add(remains.localPort);
      });
    return ports;
  }

  #offset({ addresses, remotePort }: Tcb): number {
    return this.#hash.of(addresses, remotePort) & 0xffff;
  }
}

/** Nobody has the 4-tuple, or what is left of a connection gives way. */
const isFree = (flow: Flow | undefined): boolean => flow === undefined || (flow.kind === FLOW_TIME_WAIT && flow.givesWay(false));

/** Whether a socket keeps its port, which another wants, from it. */
function keeps(holder: Tcb, tcb: Tcb): boolean {
  if (holder === tcb || !overlap(tcb, holder)) return false;
  const [mine, theirs] = [tcb.socket, holder.socket];
  if (mine.boundInterface !== 0 && theirs.boundInterface !== 0 && mine.boundInterface !== theirs.boundInterface) return false;
  if (mine.reusePort && theirs.reusePort) return false;
  return !(mine.reuseAddress && theirs.reuseAddress && holder.state !== TCP_LISTEN);
}

/** Whether a packet could be for both: equal addresses, or one of them any. */
function overlap(tcb: Tcb, other: Tcb | TimeWait): boolean {
  const mine = isUnspecifiedWords(tcb.addresses, SOURCE);
  const theirs = isUnspecifiedWords(other.addresses, SOURCE);
  if (!mine && !theirs) return equalWords(tcb.addresses, SOURCE, other.addresses, SOURCE);
  if (mine && theirs) return sameFamilies(tcb, other);
  return mine ? takes(tcb, other) : other.kind !== FLOW_CONNECTION || takes(other, tcb);
}

/** Two wildcards meet unless one is IPv6 alone and the other IPv4 alone. */
function sameFamilies(tcb: Tcb, other: Tcb | TimeWait): boolean {
  if (other.kind !== FLOW_CONNECTION) return true;
  const onlyFour = (one: Tcb): boolean => isMappedWords(one.addresses, SOURCE);
  return !((tcb.socket.v6Only && onlyFour(other)) || (other.socket.v6Only && onlyFour(tcb)));
}

/** Whether a wildcard's family takes in the address of another. */
function takes(wildcard: Tcb, other: Tcb | TimeWait): boolean {
  const mapped = isMappedWords(other.addresses, SOURCE);
  return isMappedWords(wildcard.addresses, SOURCE) ? mapped : !(mapped && wildcard.socket.v6Only);
}
