// Flow labels: RFC 6437 §3, as Linux's ip6_make_flowlabel. The same for all packets of a flow, and telling nobody what it is made from.
import type { Packet, Table } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import { halfSipHash } from '@protoloom/wire';

/** Values of net.ipv6.auto_flowlabels: nobody; whoever does not decline; whoever asks; everybody. */
const OFF = 0;
const OPT_IN = 2;
const FORCED = 3;

const MASK = 0xfffff;
/** With net.ipv6.flowlabel_state_ranges the upper half is for labels without state. */
const STATELESS = 0x80000;
/** Words of both addresses, then the protocol and what it says of the flow. */
const KEY_WORDS = 10;
/** Octets of a transport header that are there when a transport is asked. */
const LEAST_HEADER = 4;

export interface FlowLabelSysctls {
  readonly autoFlowLabels: number;
  readonly flowLabelStateRanges: number;
}

export class FlowLabels {
  readonly #sysctls: FlowLabelSysctls;
  readonly #flows: Table<(packet: Packet) => number>;
  readonly #key0: number;
  readonly #key1: number;
  readonly #words = new Int32Array(KEY_WORDS);

  /** @param flows transports that tell their flows apart. @param key0 and key1: secret int32s. */
  constructor(sysctls: FlowLabelSysctls, flows: Table<(packet: Packet) => number>, key0: number, key1: number) {
    this.#sysctls = sysctls;
    this.#flows = flows;
    this.#key0 = key0;
    this.#key1 = key1;
  }

  /** Whether packets of sockets that do not say have labels. */
  get byDefault(): boolean {
    return this.#sysctls.autoFlowLabels !== OFF && this.#sysctls.autoFlowLabels !== OPT_IN;
  }

  /** The label of a packet whose transport header stands at `l4`. @param asked IPV6_AUTOFLOWLABEL, undefined: not set. */
  of(packet: Packet, route: Route, protocol: number, asked: boolean | undefined): number {
    if (packet.flowLabel !== 0) return Math.max(packet.flowLabel, 0);
    const { autoFlowLabels, flowLabelStateRanges } = this.#sysctls;
    if (autoFlowLabels === OFF || (!(asked ?? this.byDefault) && autoFlowLabels !== FORCED)) return 0;
    const hash = packet.hash || this.#hash(packet, route, protocol);
    const label = ((hash << 16) | (hash >>> 16)) & MASK;
    return flowLabelStateRanges !== 0 ? label | STATELESS : label;
  }

  /** Of what makes a flow, RFC 6437 §3: both addresses, the protocol, and its ports. */
  #hash(packet: Packet, { addresses }: Route, protocol: number): number {
    const words = this.#words;
    for (let i = 0; i < 8; i++) words[i] = addresses[i] as number;
    words[8] = protocol;
    // Who sends raw may have written less than any header.
    words[9] = packet.tail - packet.l4 >= LEAST_HEADER ? (this.#flows.table[protocol]?.(packet) ?? 0) : 0;
    return halfSipHash(this.#key0, this.#key1, words, 0, KEY_WORDS);
  }
}
