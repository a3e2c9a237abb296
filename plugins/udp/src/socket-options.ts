// IPPROTO_UDP: socket options and control messages, with Linux's ranges and errnos.
import { ERRNO } from '@protoloom/contracts';
import {
  type ControlMessage,
  controlAttachments,
  IPPROTO_UDP,
  isInt,
  type OptionValue,
  optionAttachments,
  type SocketOption,
} from '@protoloom/contracts/socket';
import { UDP_GRO, UDP_NO_CHECK6_RX, UDP_NO_CHECK6_TX, UDP_SEGMENT } from '@protoloom/contracts/udp';
import { UdpEndpoint } from './endpoint.js';

const MAX_SEGMENT_BYTES = 0xffff;

const OPTIONS = {
  noCheck6Tx: [UDP_NO_CHECK6_TX, 'UDP_NO_CHECK6_TX'],
  noCheck6Rx: [UDP_NO_CHECK6_RX, 'UDP_NO_CHECK6_RX'],
  segment: [UDP_SEGMENT, 'UDP_SEGMENT'],
  coalesced: [UDP_GRO, 'UDP_GRO'],
} as const;
type Name = keyof typeof OPTIONS;

const CONTROLS = {
  coalescedControl: [UDP_GRO, 'UDP_GRO'],
  segmentControl: [UDP_SEGMENT, 'UDP_SEGMENT'],
} as const;
type ControlName = keyof typeof CONTROLS;

export const socketAttachments = { ...optionAttachments(IPPROTO_UDP, OPTIONS), ...controlAttachments(IPPROTO_UDP, CONTROLS) };

const isSegmentSize = (value: OptionValue): value is number => isInt(value) && value >= 0 && value <= MAX_SEGMENT_BYTES;

const option = (set: (endpoint: UdpEndpoint, value: number) => number, get: (endpoint: UdpEndpoint) => number): SocketOption => ({
  set({ endpoint }, value) {
    if (!(endpoint instanceof UdpEndpoint)) return -ERRNO.ENOPROTOOPT;
    return isInt(value) ? set(endpoint, value) : -ERRNO.EINVAL;
  },
  get: ({ endpoint }) => (endpoint instanceof UdpEndpoint ? get(endpoint) : -ERRNO.ENOPROTOOPT),
});

export const socketHandlers: Record<Name, SocketOption> & Record<ControlName, ControlMessage> = {
  noCheck6Tx: option(
    ({ sender }, value) => {
      sender.sendsNoChecksum = value !== 0;
      return 0;
    },
    ({ sender }) => (sender.sendsNoChecksum ? 1 : 0),
  ),
  noCheck6Rx: option(
    (endpoint, value) => {
      endpoint.takesNoChecksum = value !== 0;
      return 0;
    },
    ({ takesNoChecksum }) => (takesNoChecksum ? 1 : 0),
  ),
  segment: option(
    (endpoint, value) => {
      if (!isSegmentSize(value)) return -ERRNO.EINVAL;
      endpoint.sender.segmentBytes = value;
      return 0;
    },
    ({ sender }) => sender.segmentBytes,
  ),
  coalesced: option(
    (endpoint, value) => {
      endpoint.takesCoalesced = value !== 0;
      return 0;
    },
    ({ takesCoalesced }) => (takesCoalesced ? 1 : 0),
  ),
  coalescedControl: {
    /** Octets of each datagram of a coalesced one; the last may be shorter. */
    read: ({ endpoint }, packet) =>
      packet.gsoSegments > 1 && endpoint instanceof UdpEndpoint && endpoint.takesCoalesced ? packet.gsoSize : undefined,
  },
  segmentControl: {
    write(_, packet, value) {
      if (!isSegmentSize(value)) return -ERRNO.EINVAL;
      packet.gsoSize = value;
      return 0;
    },
  },
};
