// A header of options, hop-by-hop or destination: RFC 8200 §4.2, §4.3 and §4.6, with the limits of RFC 8504 §5.3, in the order of Linux.
import type { Counters, Packet, Table } from '@protoloom/contracts';
import { type IpErrors, PROBLEM_UNKNOWN_OPTION } from '@protoloom/contracts/ip';
import type { Ip6Option, optionsCounters } from '@protoloom/contracts/ipv6';
import { isMulticastWords } from '@protoloom/wire';

const PAD1 = 0;
const PADN = 1;
/** Padding aligns to eight octets, so that seven in a row are enough: RFC 4942 §2.1.9.5. */
const MAX_PADDING = 7;
/** What an unknown option's two highest bits ask for: RFC 8200 §4.2. */
const SKIP = 0;
const DISCARD = 1;
const DISCARD_AND_REPORT = 2;

type Fates = ReturnType<typeof optionsCounters<'HBH' | 'DSTOPTS'>>;

export interface OptionsHeaderContext {
  readonly errors: IpErrors;
  readonly options: Table<Ip6Option>;
  readonly counters: Counters<Fates>;
  /** The counters' specification, for the reasons. */
  readonly spec: Fates;
  readonly sysctls: { readonly maxNumber: number; readonly maxLength: number };
}

export class OptionsHeader {
  readonly #context: OptionsHeaderContext;

  constructor(context: OptionsHeaderContext) {
    this.#context = context;
  }

  /** An extension header's handler: the header starts at `l4`, and is passed where true. */
  receive(packet: Packet): boolean {
    const { view, l4, tail } = packet;
    const room = tail - l4;
    if (room < 8) return this.#drop(packet, 'truncated');
    const length = (view.getUint8(l4 + 1) + 1) * 8;
    if (length > room) return this.#drop(packet, 'truncated');
    if (length > this.#context.sysctls.maxLength) return this.#drop(packet, 'tooLong');
    if (!this.#options(packet, l4 + 2, l4 + length)) return false;
    packet.transport = view.getUint8(l4);
    packet.l4 = l4 + length;
    return true;
  }

  #options(packet: Packet, from: number, to: number): boolean {
    const { options, sysctls } = this.#context;
    const { bytes } = packet;
    const most = Math.abs(sysctls.maxNumber);
    let count = 0;
    let padding = 0;
    for (let at = from; at < to; ) {
      const type = bytes[at] as number;
      if (type === PAD1) {
        if (++padding > MAX_PADDING) return this.#drop(packet, 'badPadding');
        at++;
        continue;
      }
      if (at + 1 >= to) return this.#drop(packet, 'truncated');
      const length = 2 + (bytes[at + 1] as number);
      if (at + length > to) return this.#drop(packet, 'truncated');
      if (type === PADN) {
        padding += length;
        if (padding > MAX_PADDING || !isZero(bytes, at + 2, at + length)) return this.#drop(packet, 'badPadding');
      } else {
        padding = 0;
        if (++count > most) return this.#drop(packet, 'tooMany');
        if (options.table[type]?.(packet, at) !== true) return false;
      }
      at += length;
    }
    return true;
  }

  /** Serves the options that nobody attaches to. */
  readonly unknown: Ip6Option = (packet, at) => {
    const { errors, sysctls } = this.#context;
    const type = packet.bytes[at] as number;
    // Where the sysctl wants no unknown option, none is told of either, as on Linux.
    const action = sysctls.maxNumber < 0 ? DISCARD : type >> 6;
    if (action === SKIP) return true;
    if (action === DISCARD_AND_REPORT || (action > DISCARD_AND_REPORT && !isMulticastWords(packet.addresses, 4)))
      errors.report(packet, PROBLEM_UNKNOWN_OPTION, at - packet.l3);
    return this.#drop(packet, 'unknownOption');
  };

  #drop(packet: Packet, fate: keyof Fates): false {
    this.#context.counters[fate]++;
    packet.reason = this.#context.spec[fate].fate;
    return false;
  }
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
