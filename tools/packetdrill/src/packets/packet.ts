// A packet's fields, as they stand on the wire.
import type { TcpOption } from '../language/script.js';

export interface Packet {
  readonly family: 4 | 6;
  /** Four words each, IPv4 in its mapped form. */
  readonly source: Int32Array;
  readonly destination: Int32Array;
  readonly tos: number;
  readonly ttl: number;
  /** 0 in IPv4. */
  readonly flowLabel: number;
  /** IPv4: words of options in its header; IPv6: extension headers that are no Fragment header. */
  readonly extraHeaders: number;
  readonly fragment: Fragment | undefined;
  /** IP's protocol number. */
  readonly protocol: number;
  readonly transport: Tcp | Udp | Icmp | Other;
  readonly payload: Uint8Array;
  /** Checksums that do not hold, by the name of the header. */
  readonly badChecksums: readonly string[];
}

export interface Fragment {
  /** Octets. */
  readonly offset: number;
  readonly more: boolean;
  readonly id: number;
}

export interface Tcp {
  readonly protocol: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Unsigned. */
  readonly seq: number;
  readonly ack: number;
  /** Octet 13, and AE as bit 8. */
  readonly flags: number;
  /** The three bits beside AE. */
  readonly reserved: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: readonly TcpOption[];
}

export interface Udp {
  readonly protocol: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The header's, 8 octets and payload. */
  readonly length: number;
}

export interface Icmp {
  readonly protocol: 'icmp';
  readonly type: number;
  readonly code: number;
  /** Octets 4 to 7: an MTU, an identifier and a sequence number, or zero. */
  readonly rest: number;
}

/** What is no transport of ours, or too short for its header. */
export interface Other {
  readonly protocol: 'other';
}

export const IPPROTO_FRAGMENT = 44;
