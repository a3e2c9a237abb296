// The packet: pooled, one view, indices in place of slices, with offloads and fragments as part of it.
import type { Interface } from './interface.js';
import type { SocketState } from './socket.js';
import { mapPoint } from './token.js';

/** `packet.kind`, with Linux's PACKET_* numbers: how the link addressed the frame. */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
/** One that we have sent to a group that we are in, or to all, come back to us. */
export const PACKET_LOOPBACK = 5;

/** `packet.csum`: nothing is known; the field holds the pseudo-header sum and wants completing; a trusted device has verified it. */
export const CSUM_NONE = 0;
export const CSUM_PARTIAL = 1;
export const CSUM_VERIFIED = 2;

/** `packet.gsoKind` of an ordinary packet. A transport's own kinds stand in its contract. */
export const GSO_NONE = 0;

/** `packet.flowLabel` on sending: the packet is of no flow. */
export const NO_FLOW_LABEL = -1;

/** Offsets into `packet.addresses`. */
export const SOURCE = 0;
export const DESTINATION = 4;

/** Most payload fragments that one packet refers to. */
export const MAX_FRAGMENTS = 4;

/** Payload that rides behind the header without having been copied into the packet. */
export interface Fragment {
  bytes: Uint8Array;
  at: number;
  length: number;
}

/** Told when a packet that it is charged for is gone: send-buffer accounting. */
export interface PacketOwner {
  packetReleased(bytes: number): void;
}

/** Told where a packet is on its way out: what SO_TIMESTAMPING asks for. It only looks at the packet. */
export interface PacketWitness {
  /** At its interface, before it may have to wait. */
  scheduled(packet: Packet): void;
  /** Its device has it. */
  sent(packet: Packet): void;
}

/**
 * A packet. Handlers and devices *borrow* it, its bytes and its fragments until their call returns (a steady one's fragments: until the device's
 * `flush`); whoever keeps it calls `take()`, and `release()` when done. Whoever needs a second one calls `copy()`.
 *
 * Everything here is an index into `bytes`, which changes only in `push` (beyond the headroom), `put` (beyond the room) and `take`.
 */
export interface Packet {
  bytes: Uint8Array;
  /** Over the same buffer as `bytes`, from the same start. */
  view: DataView;
  /** First byte of what the present layer sees. */
  head: number;
  /** One past the last byte in `bytes`; fragments follow it. */
  tail: number;
  /** Where the link, network and transport headers start; set by each layer in both directions. */
  l2: number;
  l3: number;
  l4: number;
  /** Where it came in or goes out. */
  iface: Interface;
  /** AF_INET, AF_INET6, or 0 before the network layer. */
  family: number;
  /** EtherType of the network layer. */
  protocol: number;
  /** IP protocol number of what stands at `l4`. */
  transport: number;
  /** PACKET_*: how the link addressed it. */
  kind: number;
  /** RTN_* (contracts/ip): how the network layer's destination is classed, or 0. */
  destinationType: number;
  /** Source words at SOURCE, destination words at DESTINATION; IPv4 in its mapped form. Set by the network layer on receiving. */
  readonly addresses: Int32Array;
  /** TTL or hop limit: as received; on sending, -1 leaves it to the socket and the sysctl. */
  hopLimit: number;
  /** TOS or traffic class (DSCP and ECN): as received; on sending, -1 leaves it to the socket. */
  trafficClass: number;
  /** On sending: what the transport says for the ECN field (RFC 3168 §5), beside the socket's DSCP; 0 leaves it as it is. */
  ecn: number;
  /** Flow label (RFC 6437): as received; on sending, 0 leaves it to the flow's hash, NO_FLOW_LABEL asks for none. IPv6's. */
  flowLabel: number;
  /** On sending: IPv4 options, a multiple of four octets, in place of the socket's. */
  options: Uint8Array | undefined;
  /** On sending: true forbids fragmentation (DF, or EMSGSIZE). */
  dontFragment: boolean;
  /** The socket that sends it: its options are read from here. */
  socket: SocketState | undefined;
  owner: PacketOwner | undefined;
  /** Bytes charged to `owner`. */
  charge: number;
  witness: PacketWitness | undefined;
  priority: number;
  mark: number;
  /** Flow hash, an int32: of the flow as its sender sees it, 0 where nobody has computed one. */
  hash: number;
  /** When it was received, µs of the stack's clock. */
  rxUs: number;
  /** Earliest departure, µs; 0: at once. */
  txTimeUs: number;
  /** VLAN tag control information, -1: none. */
  vlanTci: number;
  /** It came with a Fragment header, or was put together from packets that did: RFC 8200 §4.5, RFC 6980. */
  fragmented: boolean;
  /** Why it was dropped: the fate of the counter that moved. */
  reason: string | undefined;

  /** GSO_NONE, or the kind of super-segment: on sending one to be cut, on receiving one that was coalesced. */
  gsoKind: number;
  /** Payload bytes of each of its segments. */
  gsoSize: number;
  /** How many segments it stands for; 1 for an ordinary packet. */
  gsoSegments: number;
  /** CSUM_*. */
  csum: number;
  /** CSUM_PARTIAL: where summing starts, an index into `bytes`. */
  csumStart: number;
  /** CSUM_PARTIAL: where the field stands, from `csumStart`. */
  csumOffset: number;

  readonly fragments: readonly Fragment[];
  fragmentCount: number;
  /** Bytes in all fragments. */
  fragmentBytes: number;
  /** On sending: what its fragments show stays as it is until the turn's sending is over. A device that gathers frames may leave it there until its `flush`. */
  steady: boolean;
  /** Slots that plugins declared (`packetSlots`), undefined when unused. */
  readonly slots: unknown[];

  /** Bytes from `head` to the end, fragments included. */
  readonly length: number;
  /** Removes `n` bytes in front and returns the new `head`. The caller has checked that they are there. */
  pull(n: number): number;
  /** Makes `n` bytes of room in front and returns the new `head`; moves to a larger buffer, and counts it, where the headroom is short. */
  push(n: number): number;
  /** Makes `n` bytes of room at the end and returns where they start. */
  put(n: number): number;
  /** Cuts the packet to `length` bytes from `head` on, fragments included. */
  trim(length: number): void;
  /** Appends payload by reference; the caller keeps it unchanged until the packet is released or taken. False: no fragment slot is left. */
  append(bytes: Uint8Array, at: number, length: number): boolean;
  /** Brings the fragments into `bytes`, so that the whole packet is contiguous. */
  linearize(): void;
  /** Completes a CSUM_PARTIAL checksum in software; sets CSUM_VERIFIED. */
  completeChecksum(): void;
  /**
   * Keeps the packet beyond the call; the caller owes `release()`. Where its bytes lie may change until the next turn: whoever took it asks for
   * `bytes`, `view`, `head` and the like each time. Returns itself.
   */
  take(): this;
  /** Whether somebody has taken it. */
  readonly taken: boolean;
  /** Whether its bytes are its device's, which leaves them as they are until it is polled again: `Turns.recall` tells of that. */
  readonly borrowed: boolean;
  /** A self-contained second packet with the same bytes and fields, owed a `release()`; it has no `owner`. */
  copy(): Packet;
  /** Gives it back. By whoever took it, or made it by `copy()`. */
  release(): void;
  /** Memory held, bytes: what queues are charged by. */
  readonly memory: number;
}

/** Makes packets. Service of the stack. */
export interface Packets {
  /**
   * A packet with all headroom that the assembled headers need and room for `bytes`; `head` = `tail`, so that `put` and `push` follow.
   * Its maker hands it down and then calls `done(packet)`.
   */
  make(bytes: number): Packet;
  /** The maker's last word: the packet goes back to the pool unless somebody took it on the way. */
  done(packet: Packet): void;
  /** Headroom of packets from `make`, bytes. */
  readonly headroom: number;
  /** Packets that somebody holds now. */
  readonly inHand: number;
}

/**
 * How a layer mends its header in each piece of a super-segment that the core has cut (software fallback of segmentation offload).
 * The core copies the headers and divides the payload.
 */
export interface Segmenter {
  /** Bytes of this layer's header in `whole`. */
  headerBytes(whole: Packet): number;
  /**
   * @param segment the piece; `l3` and `l4` are set.
   * @param index which piece, from 0.
   * @param offset of its payload in the whole, bytes.
   * @param last true for the last piece.
   */
  mend(segment: Packet, whole: Packet, index: number, offset: number, last: boolean): undefined;
}

/** Layer 3 is keyed by EtherType, layer 4 by `gsoKind`. */
export interface SegmentKey {
  readonly layer: 3 | 4;
  readonly kind: number;
}
export const SEGMENT = mapPoint<SegmentKey, Segmenter>('packet.segment', 1, { keyOf: (key) => key.layer * 65_536 + key.kind });
