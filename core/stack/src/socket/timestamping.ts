// SO_TIMESTAMPING, as Linux has it: which packets of a socket are told of, and when.
import { ERRNO } from '@protoloom/contracts';
import type { OptionValue, SocketOption } from '@protoloom/contracts/socket';
import * as so from '@protoloom/contracts/socket';

/** What is told of: what leaves a stream, by the clock of the stack. Stamps of hardware may be asked for; no device makes any. */
const SUPPORTED =
  so.SOF_TIMESTAMPING_TX_SCHED |
  so.SOF_TIMESTAMPING_TX_SOFTWARE |
  so.SOF_TIMESTAMPING_TX_ACK |
  so.SOF_TIMESTAMPING_SOFTWARE |
  so.SOF_TIMESTAMPING_OPT_ID |
  so.SOF_TIMESTAMPING_OPT_ID_TCP |
  so.SOF_TIMESTAMPING_OPT_TSONLY |
  so.SOF_TIMESTAMPING_TX_HARDWARE |
  so.SOF_TIMESTAMPING_RX_HARDWARE |
  so.SOF_TIMESTAMPING_SYS_HARDWARE |
  so.SOF_TIMESTAMPING_RAW_HARDWARE;

/** An int, or struct so_timestamping. */
const flagsOf = (value: OptionValue): OptionValue | undefined =>
  typeof value === 'object' && !(value instanceof Uint8Array) ? (value['flags'] as OptionValue | undefined) : value;

export const timestamping: SocketOption = {
  set(socket, value) {
    const flags = flagsOf(value);
    if (typeof flags !== 'number' || !Number.isInteger(flags) || (flags & ~so.SOF_TIMESTAMPING_MASK) !== 0) return -ERRNO.EINVAL;
    const counts = (flags & so.SOF_TIMESTAMPING_OPT_ID) !== 0;
    const isWritten = (flags & so.SOF_TIMESTAMPING_OPT_ID_TCP) !== 0;
    if (isWritten && !counts) return -ERRNO.EINVAL;
    if ((flags & so.SOF_TIMESTAMPING_OPT_STATS) !== 0 && (flags & so.SOF_TIMESTAMPING_OPT_TSONLY) === 0) return -ERRNO.EINVAL;
    if (socket.protocol !== so.IPPROTO_TCP || (flags & ~SUPPORTED) !== 0) return -ERRNO.EOPNOTSUPP;
    if (counts && (socket.timestamping & so.SOF_TIMESTAMPING_OPT_ID) === 0) {
      const origin = socket.endpoint?.timestampOrigin?.(isWritten);
      if (origin === undefined) return -ERRNO.EINVAL;
      socket.timestampOrigin = origin;
    }
    socket.timestamping = flags;
    return 0;
  },
  get: (socket) => socket.timestamping,
};
