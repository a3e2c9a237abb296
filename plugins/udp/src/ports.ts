// Who has which port: RFC 768, RFC 1122 §4.1.3; look-up and rules of bind() as Linux's.
import { DESTINATION, type Packet, SOURCE } from '@protoloom/contracts';
import type { SocketState } from '@protoloom/contracts/socket';
import { equalWords, FlowTable, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Association } from './association.js';
import type { UdpEndpoint } from './endpoint.js';

const NONE: readonly UdpEndpoint[] = [];

/** A bound address weighs more than an interface: Linux looks among sockets with an address first, and then among the wildcards. */
const CONNECTED = 16;
const ADDRESS = 8;
const INTERFACE = 4;
/** An IPv4 wildcard before an IPv6 one that takes IPv4 as well. */
const OWN_FAMILY = 1;

/** How well a socket fits a datagram, 0: not at all. Linux's compute_score. */
function score(endpoint: UdpEndpoint, packet: Packet, remotePort: number): number {
  const { addresses, connected, remotePort: peerPort } = endpoint.names;
  let points = 1;
  if (connected) {
    if (peerPort !== remotePort || !equalWords(addresses, DESTINATION, packet.addresses, SOURCE)) return 0;
    points += CONNECTED;
  }
  const bound = endpoint.socket.boundInterface;
  if (bound !== 0) {
    if (bound !== packet.iface.index) return 0;
    points += INTERFACE;
  }
  if (!isUnspecifiedWords(addresses, SOURCE)) {
    if (!equalWords(addresses, SOURCE, packet.addresses, DESTINATION)) return 0;
    return points + ADDRESS;
  }
  const mapped = isMappedWords(addresses, SOURCE);
  if (!covers(endpoint.socket, mapped, isMappedWords(packet.addresses, DESTINATION))) return 0;
  return mapped ? points + OWN_FAMILY : points;
}

/** Whether a socket's wildcard takes in an address: one of its own family, and of IPv4 where an IPv6 socket is for both. */
const covers = (socket: SocketState, wildcardMapped: boolean, mapped: boolean): boolean =>
  wildcardMapped === mapped || (mapped && !socket.v6Only);

export class PortTable {
  readonly #ports = new Map<number, readonly UdpEndpoint[]>();
  readonly #connected: FlowTable<UdpEndpoint>;

  constructor(seed0: number, seed1: number) {
    this.#connected = new FlowTable(seed0, seed1);
  }

  /** Sockets bound to a port. */
  on(port: number): readonly UdpEndpoint[] {
    return this.#ports.get(port) ?? NONE;
  }

  add(endpoint: UdpEndpoint): void {
    const { localPort } = endpoint.names;
    this.#ports.set(localPort, [...this.on(localPort), endpoint]);
  }

  remove(endpoint: UdpEndpoint): void {
    const { localPort } = endpoint.names;
    const left = this.on(localPort).filter((other) => other !== endpoint);
    if (left.length === 0) this.#ports.delete(localPort);
    else this.#ports.set(localPort, left);
  }

  /** Several may be connected alike (SO_REUSEPORT): the first has the flow; after it `find` looks among all. */
  connect(endpoint: UdpEndpoint): void {
    const { addresses, localPort, remotePort } = endpoint.names;
    this.#connected.set(addresses, SOURCE, DESTINATION, localPort, remotePort, endpoint);
  }

  disconnect(endpoint: UdpEndpoint): void {
    const { addresses, localPort, remotePort } = endpoint.names;
    if (this.#connected.get(addresses, SOURCE, DESTINATION, localPort, remotePort) !== endpoint) return;
    this.#connected.delete(addresses, SOURCE, DESTINATION, localPort, remotePort);
  }

  /** The socket that a unicast datagram is for: the connected one, else the best of those bound. */
  find(packet: Packet, localPort: number, remotePort: number): UdpEndpoint | undefined {
    const bound = this.on(localPort);
    // One alone has it or nobody has: connected or not, its score says so, and no flow need be looked up.
    if (bound.length === 1) {
      const only = bound[0] as UdpEndpoint;
      return score(only, packet, remotePort) > 0 ? only : undefined;
    }
    return bound.length === 0 ? undefined : this.#among(bound, packet, localPort, remotePort);
  }

  #among(bound: readonly UdpEndpoint[], packet: Packet, localPort: number, remotePort: number): UdpEndpoint | undefined {
    const connected = this.#connected.get(packet.addresses, DESTINATION, SOURCE, localPort, remotePort);
    if (connected !== undefined && (connected.socket.boundInterface === 0 || connected.socket.boundInterface === packet.iface.index))
      return connected;
    let best: UdpEndpoint | undefined;
    let bestScore = 0;
    let equals = 0;
    for (let i = 0; i < bound.length; i++) {
      const endpoint = bound[i] as UdpEndpoint;
      const points = score(endpoint, packet, remotePort);
      if (points > bestScore) {
        best = endpoint;
        bestScore = points;
        equals = 1;
      } else if (points > 0 && points === bestScore) {
        equals++;
        // SO_REUSEADDR alone: the last to bind has it, as on Linux.
        if (!endpoint.socket.reusePort) best = endpoint;
      }
    }
    if (equals <= 1 || best?.socket.reusePort !== true || best.names.connected) return best;
    let skip = (((packet.addresses[SOURCE + 3] as number) ^ remotePort) >>> 0) % equals;
    for (let i = 0; i < bound.length; i++) {
      const endpoint = bound[i] as UdpEndpoint;
      if (score(endpoint, packet, remotePort) === bestScore && skip-- === 0) return endpoint;
    }
    return best;
  }

  /** Whether a group's or broadcast datagram is for a socket. */
  takes(endpoint: UdpEndpoint, packet: Packet, remotePort: number): boolean {
    return score(endpoint, packet, remotePort) > 0;
  }

  /** The socket whose packet an ICMP error quotes: our address at SOURCE, the peer's at DESTINATION. */
  sender(addresses: Int32Array, localPort: number, remotePort: number): UdpEndpoint | undefined {
    const connected = this.#connected.get(addresses, SOURCE, DESTINATION, localPort, remotePort);
    if (connected !== undefined) return connected;
    return this.on(localPort).find(
      ({ names }) =>
        !names.connected && (isUnspecifiedWords(names.addresses, SOURCE) || equalWords(names.addresses, SOURCE, addresses, SOURCE)),
    );
  }

  /** Whether bind() to an address and port would take them from another. */
  conflicts(names: Association, words: Int32Array, port: number): boolean {
    const any = isUnspecifiedWords(words, 0);
    const mapped = isMappedWords(words, 0);
    return this.on(port).some((other) => {
      if (other.names === names) return false;
      const a = names.socket;
      const b = other.socket;
      if (a.boundInterface !== 0 && b.boundInterface !== 0 && a.boundInterface !== b.boundInterface) return false;
      if ((a.reuseAddress && b.reuseAddress) || (a.reusePort && b.reusePort)) return false;
      const { addresses } = other.names;
      const otherAny = isUnspecifiedWords(addresses, SOURCE);
      if (!any && !otherAny) return equalWords(words, 0, addresses, SOURCE);
      const otherMapped = isMappedWords(addresses, SOURCE);
      return (any && covers(a, mapped, otherMapped)) || (otherAny && covers(b, otherMapped, mapped));
    });
  }
}
