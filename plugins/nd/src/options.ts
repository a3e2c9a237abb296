// The options of a message: RFC 4861 §4.6. Those of a type that is not known are passed over (§6.1, §7.1).
import * as wire from './wire.js';

/** Where the first option of each kind stands in the packet that was read last; 0: there is none. Refreshed in place. */
export const options = { sourceLinkAddress: 0, targetLinkAddress: 0, nonce: 0, mtu: 0 };

/** Reads the options in `view` from `from` to `to` into `options`. False: one has length 0, or is longer than what is left. */
export function readOptions(view: DataView, from: number, to: number): boolean {
  options.sourceLinkAddress = 0;
  options.targetLinkAddress = 0;
  options.nonce = 0;
  options.mtu = 0;
  for (let at = from; at < to; ) {
    if (to - at < wire.OPTION_BYTES) return false;
    const bytes = wire.optionBytes(view, at);
    if (bytes === 0 || bytes > to - at) return false;
    switch (wire.optionType(view, at)) {
      case wire.OPTION_SOURCE_LINK_ADDRESS:
        options.sourceLinkAddress ||= at;
        break;
      case wire.OPTION_TARGET_LINK_ADDRESS:
        options.targetLinkAddress ||= at;
        break;
      case wire.OPTION_NONCE:
        options.nonce ||= at;
        break;
      case wire.OPTION_MTU:
        if (bytes === wire.MTU_BYTES) options.mtu ||= at;
        break;
      default: // nothing that a host reads here
    }
    at += bytes;
  }
  return true;
}
