// Local ports: who has which (bind's rules), and the choice of one (RFC 6056 §3.3.3, algorithm 3).
import { DESTINATION, ERRNO, SOURCE } from '@protoloom/contracts';
import { RTN_UNSPEC } from '@protoloom/contracts/ip';
import type { SocketAddress } from '@protoloom/contracts/socket';
import { TCP_LISTEN } from '@protoloom/contracts/tcp';
import { copyWords, equalWords, isMappedWords, isUnspecifiedWords, SipHash } from '@protoloom/wire';
import type { Tcp } from './context.js';
import type { Flow } from './demux.js';
import { FLOW_CONNECTION, FLOW_TIME_WAIT, type Tcb } from './tcb.js';

/** Whoever keeps a port from others: a connection, or what is left of one. */
export interface PortHolder {
  readonly localPort: number;
  readonly addresses: Int32Array;
}

const isTcb = (holder: PortHolder): holder is Tcb => 'kind' in holder && holder.kind === FLOW_CONNECTION;

const NOBODY: readonly PortHolder[] = [];

export class Ports {
  readonly #tcp: Tcp;
  /** By port; most have one holder, which then needs no set. */
  readonly #holders = new Map<number, PortHolder | Set<PortHolder>>();
  readonly #hash: SipHash;
  readonly #bytes = new Uint8Array(34);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Algorithm 3's next_ephemeral, which grows by two, so that bind and connect keep to ports of their own parity, as Linux's. */
  #next = 0;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
    const key = new Uint8Array(16);
    tcp.entropy.fill(key);
    this.#hash = new SipHash(key);
  }

  /** bind(2): an address, or any, and a port, or 0 for one of our choice. @returns 0 or a negative errno. */
  bind(tcb: Tcb, address: SocketAddress): number {
    const { words, port } = address;
    const { names, localPorts, entropy } = this.#tcp;
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
        if (!localPorts.isReserved(candidate) && !this.#conflicts(tcb, candidate)) chosen = candidate;
      }
    } else if (this.#conflicts(tcb, port)) chosen = 0;
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
    const start = this.#offset(tcb) + this.#next;
    for (let i = 0; i < count; i++) {
      const candidate = low + ((start + 2 * i + (2 * i >= count ? 1 : 0)) % count);
      if (localPorts.isReserved(candidate)) continue;
      // A connection only needs its 4-tuple for itself; and a port that somebody has bound is theirs.
      const taken = listening
        ? this.#conflicts(tcb, candidate)
        : this.#isBound(candidate) || !isFree(demux.lookup(tcb.addresses, candidate, tcb.remotePort));
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
      if (other === tcb || !isTcb(other) || other.state !== TCP_LISTEN || !overlap(tcb, other)) continue;
      if (!(tcb.socket.reusePort && other.socket.reusePort)) return -ERRNO.EADDRINUSE;
    }
    return 0;
  }

  hold(holder: PortHolder): void {
    const { localPort } = holder;
    const holders = this.#holders.get(localPort);
    if (holders instanceof Set) holders.add(holder);
    else this.#holders.set(localPort, holders === undefined || holders === holder ? holder : new Set([holders, holder]));
  }

  release(holder: PortHolder): void {
    const { localPort } = holder;
    const holders = this.#holders.get(localPort);
    if (holders instanceof Set) {
      if (!holders.delete(holder)) return;
      if (holders.size === 0) this.#holders.delete(localPort);
    } else if (holders === holder) this.#holders.delete(localPort);
    else return;
    if (isTcb(holder)) this.#unbind(holder);
  }

  #of(port: number): Iterable<PortHolder> {
    const holders = this.#holders.get(port);
    return holders instanceof Set ? holders : holders === undefined ? NOBODY : [holders];
  }

  #unbind(tcb: Tcb): void {
    tcb.boundAddress = false;
    tcb.boundPort = false;
    tcb.localPort = 0;
  }

  #isBound(port: number): boolean {
    for (const holder of this.#of(port)) if (isTcb(holder) && (holder.boundPort || holder.state === TCP_LISTEN)) return true;
    return false;
  }

  /** Linux's inet_csk_bind_conflict. */
  #conflicts(tcb: Tcb, port: number): boolean {
    for (const other of this.#of(port)) {
      if (other === tcb || !overlap(tcb, other)) continue;
      if (!isTcb(other)) {
        // What is left of a connection gives way to whoever asks to reuse.
        if (tcb.socket.reuseAddress) continue;
        return true;
      }
      if (tcb.socket.boundInterface !== 0 && other.socket.boundInterface !== 0 && tcb.socket.boundInterface !== other.socket.boundInterface)
        continue;
      if (tcb.socket.reusePort && other.socket.reusePort) continue;
      if (tcb.socket.reuseAddress && other.socket.reuseAddress && other.state !== TCP_LISTEN) continue;
      return true;
    }
    return false;
  }

  #offset({ addresses, remotePort }: Tcb): number {
    for (let i = 0; i < 4; i++) {
      this.#view.setInt32(4 * i, addresses[SOURCE + i] as number);
      this.#view.setInt32(16 + 4 * i, addresses[DESTINATION + i] as number);
    }
    this.#view.setUint16(32, remotePort);
    this.#hash.hash(this.#bytes, 0, 34);
    return this.#hash.low & 0xffff;
  }
}

/** Nobody has the 4-tuple, or what is left of a connection gives way. */
const isFree = (flow: Flow | undefined): boolean => flow === undefined || (flow.kind === FLOW_TIME_WAIT && flow.givesWay(false));

/** Whether a packet could be for both: equal addresses, or one of them any. */
function overlap(tcb: Tcb, other: PortHolder): boolean {
  const mine = isUnspecifiedWords(tcb.addresses, SOURCE);
  const theirs = isUnspecifiedWords(other.addresses, SOURCE);
  if (!mine && !theirs) return equalWords(tcb.addresses, SOURCE, other.addresses, SOURCE);
  if (mine && theirs) return sameFamilies(tcb, other);
  return mine ? takes(tcb, other) : !isTcb(other) || takes(other, tcb);
}

/** Two wildcards meet unless one is IPv6 alone and the other IPv4 alone. */
function sameFamilies(tcb: Tcb, other: PortHolder): boolean {
  if (!isTcb(other)) return true;
  const onlyFour = (one: Tcb): boolean => isMappedWords(one.addresses, SOURCE);
  return !((tcb.socket.v6Only && onlyFour(other)) || (other.socket.v6Only && onlyFour(tcb)));
}

/** Whether a wildcard's family takes in the address of another. */
function takes(wildcard: Tcb, other: PortHolder): boolean {
  const mapped = isMappedWords(other.addresses, SOURCE);
  return isMappedWords(wildcard.addresses, SOURCE) ? mapped : !(mapped && wildcard.socket.v6Only);
}
