// The device that a script watches: what the stack sends is kept in its order, with the time; what the script sends arrives.
import { ARPHRD_NONE, CSUM_PARTIAL } from '@protoloom/contracts';
import { GSO_TCP } from '@protoloom/contracts/tcp';
import { type Frame, plainFrame, type SimDevice, type Simulation } from '@protoloom/sim';
import { finish, sum } from '@protoloom/wire';
import { decodePacket } from '../packets/decode.js';
import type { Packet } from '../packets/packet.js';

export interface Sent {
  readonly atUs: number;
  /** The packet, or why it is none. */
  readonly packet: Packet | string;
}

const IPPROTO_ICMPV6 = 58;
const ND_ROUTER_SOLICIT = 133;

/** What a host asks the link of itself, again and again, is none of the script's. */
const asksForRouters = ({ bytes }: Frame): boolean =>
  (bytes[0] as number) >> 4 === 6 && bytes[6] === IPPROTO_ICMPV6 && bytes[40] === ND_ROUTER_SOLICIT;

/** What TUN devices cut: Accurate ECN's is not among it. */
export const isTcp = (gsoKind: number): boolean => gsoKind === GSO_TCP;

export class Wire {
  readonly device: SimDevice;
  readonly #sent: Sent[] = [];

  constructor(sim: Simulation, name: string, mtu: number) {
    // As packetdrill's own TUN device it cuts TCP's super-segments itself: a script sees them whole.
    this.device = sim.device({ name, type: ARPHRD_NONE, mtu, offload: true });
    this.device.cuts = isTcp;
    this.device.onFrame = (frame) => {
      if (!asksForRouters(frame)) this.#sent.push({ atUs: sim.nowUs, packet: decodePacket(completed(frame)) });
    };
  }

  /** @param coalesced the octets of each segment, where TCP's payload is that of several. */
  arrive(bytes: Uint8Array, coalesced: { readonly size: number; readonly segments: number } | undefined): void {
    const frame = plainFrame(bytes);
    const { size, segments } = coalesced ?? { size: 0, segments: 1 };
    this.device.arrive(coalesced === undefined ? frame : { ...frame, gsoKind: GSO_TCP, gsoSize: size, gsoSegments: segments });
  }

  /** Takes the first packet that has left, where there is one. */
  next(): Sent | undefined {
    return this.#sent.shift();
  }

  get waiting(): number {
    return this.#sent.length;
  }
}

/** Octets with the checksum that the stack left to the device. */
function completed({ bytes, csum, csumStart, csumOffset }: Frame): Uint8Array {
  if (csum !== CSUM_PARTIAL) return bytes;
  const check = finish(sum(bytes, csumStart, bytes.length, 0));
  bytes[csumStart + csumOffset] = check >> 8;
  bytes[csumStart + csumOffset + 1] = check & 0xff;
  return bytes;
}
