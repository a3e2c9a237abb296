// A packet without a pool: what transmit() of a device reads of one.
import { CSUM_NONE, GSO_NONE, type Packet } from '@protoloom/contracts';

/** Its length is its maker's to keep. */
export type BarePacket = Packet & { length: number };

/** A whole frame. */
export const barePacket = (bytes: Uint8Array): BarePacket =>
  ({
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    head: 0,
    tail: bytes.length,
    length: bytes.length,
    fragmentCount: 0,
    fragmentBytes: 0,
    fragments: [],
    steady: false,
    csum: CSUM_NONE,
    csumStart: 0,
    csumOffset: 0,
    gsoKind: GSO_NONE,
    gsoSize: 0,
    gsoSegments: 1,
    protocol: 0,
  }) as unknown as BarePacket;
