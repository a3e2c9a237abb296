// The virtio-net header in front of each frame of a device with IFF_VNET_HDR: virtio 1.2 §5.1.6, little-endian.
import { CSUM_PARTIAL, CSUM_VERIFIED, ETH_P_IPV6, GSO_NONE, type Packet } from '@protoloom/contracts';
import { GSO_TCP } from '@protoloom/contracts/tcp';
import { GSO_UDP } from '@protoloom/contracts/udp';

export const HEADER_BYTES = 10;

const NEEDS_CSUM = 1;
const DATA_VALID = 2;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_UDP_L4 = 5;
const GSO_ECN = 0x80;

/** Octets of a transport header that starts at `at`: TCP's data offset, UDP's eight. */
const transportBytes = (view: DataView, at: number, kind: number): number => (kind === GSO_TCP ? (view.getUint8(at + 12) >> 4) * 4 : 8);

/** What the kernel says of a frame: the header at `at`, the frame behind it. */
export function readHeader(view: DataView, at: number, packet: Packet): void {
  const flags = view.getUint8(at);
  const kind = view.getUint8(at + 1) & ~GSO_ECN;
  const frame = at + HEADER_BYTES;
  if ((flags & NEEDS_CSUM) !== 0) {
    packet.csum = CSUM_PARTIAL;
    packet.csumStart = frame + view.getUint16(at + 6, true);
    packet.csumOffset = view.getUint16(at + 8, true);
    // A field outside the frame would be written into what is not ours.
    if (packet.csumStart + packet.csumOffset + 2 > packet.tail) packet.csum = 0;
  } else if ((flags & DATA_VALID) !== 0) packet.csum = CSUM_VERIFIED;
  if (kind === 0) return;
  const size = view.getUint16(at + 4, true);
  const gsoKind = kind === GSO_TCPV4 || kind === GSO_TCPV6 ? GSO_TCP : kind === GSO_UDP_L4 ? GSO_UDP : GSO_NONE;
  if (size === 0 || gsoKind === GSO_NONE || packet.csum !== CSUM_PARTIAL || packet.csumStart + 20 > packet.tail) return;
  const payload = packet.tail - packet.csumStart - transportBytes(view, packet.csumStart, gsoKind);
  packet.gsoKind = gsoKind;
  packet.gsoSize = size;
  packet.gsoSegments = Math.max(1, Math.ceil(payload / size));
}

/** What we say of a frame: the header at `at`. */
export function writeHeader(into: DataView, at: number, packet: Packet): void {
  const { gsoKind } = packet;
  if (packet.csum !== CSUM_PARTIAL) {
    into.setInt32(at, 0);
    into.setInt32(at + 4, 0);
    into.setInt16(at + 8, 0);
    return;
  }
  const start = packet.csumStart - packet.head;
  into.setUint8(at, NEEDS_CSUM);
  into.setUint16(at + 6, start, true);
  into.setUint16(at + 8, packet.csumOffset, true);
  if (gsoKind === GSO_NONE) {
    into.setUint8(at + 1, 0);
    into.setInt32(at + 2, 0);
    return;
  }
  into.setUint8(at + 1, gsoKind === GSO_UDP ? GSO_UDP_L4 : packet.protocol === ETH_P_IPV6 ? GSO_TCPV6 : GSO_TCPV4);
  into.setUint16(at + 2, start + transportBytes(packet.view, packet.csumStart, gsoKind), true);
  into.setUint16(at + 4, packet.gsoSize, true);
}
