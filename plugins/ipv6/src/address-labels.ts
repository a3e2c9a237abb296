// `ip addrlabel`: labels of addresses by prefix, the policy table of RFC 6724 §2.1, which source selection reads. The first ones are Linux's.
import type { ErrnoCode, Interface, Interfaces } from '@protoloom/contracts';
import type { AddressLabelInfo, AddressLabelSpec, AddressLabels, ControlErrorShape } from '@protoloom/contracts/control';
import type { Routes } from '@protoloom/contracts/ip';
import { AddressError, equalWords, Ip6Address, matchWords, Prefix } from '@protoloom/wire';

const DEFAULTS: readonly (readonly [prefix: string, label: number])[] = [
  ['::1/128', 0],
  ['::/96', 3],
  ['::ffff:0:0/96', 4],
  ['2001::/32', 6],
  ['2001:10::/28', 7],
  ['3ffe::/16', 12],
  ['2002::/16', 2],
  ['fec0::/10', 11],
  ['fc00::/7', 5],
  ['::/0', 1],
];
/** Of what no prefix holds. */
const NO_LABEL = 0xffff_ffff;

interface Entry {
  readonly words: Int32Array;
  readonly bits: number;
  /** Undefined: addresses of whatever interface. */
  readonly iface: Interface | undefined;
  readonly label: number;
}

class AddressLabelError extends Error implements ControlErrorShape {
  readonly code: ErrnoCode;

  constructor(code: ErrnoCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ControlError';
    this.code = code;
  }
}

export interface LabelsContext {
  readonly interfaces: Interfaces;
  readonly routes: Routes;
}

export class LabelTable implements AddressLabels {
  readonly #context: LabelsContext;
  /** Longest prefixes first; of equals that of an interface. */
  #entries: readonly Entry[];

  constructor(context: LabelsContext) {
    this.#context = context;
    this.#entries = DEFAULTS.map(([prefix, label]) => ({ ...read(prefix), iface: undefined, label }));
  }

  /** The label of an address on an interface: that of the longest prefix. */
  of(words: Int32Array, at: number, iface: Interface): number {
    for (const entry of this.#entries) {
      if (entry.iface !== undefined && entry.iface !== iface) continue;
      if (matchWords(words, at, entry.words, 0, entry.bits)) return entry.label;
    }
    return NO_LABEL;
  }

  add({ prefix, label, iface }: AddressLabelSpec): void {
    if (!Number.isInteger(label) || label < 0 || label >= NO_LABEL)
      throw new AddressLabelError('EINVAL', `a label is a whole number from 0 to ${NO_LABEL - 1}, not ${label}`);
    const entry = { ...read(prefix), iface: this.#iface(iface), label };
    if (this.#find(entry) !== undefined) throw new AddressLabelError('EEXIST', `${prefix} has a label already: remove it first`);
    const order = (one: Entry): number => 2 * one.bits + (one.iface === undefined ? 0 : 1);
    this.#change([...this.#entries, entry].sort((a, b) => order(b) - order(a)));
  }

  remove({ prefix, iface }: Omit<AddressLabelSpec, 'label'>): void {
    const entry = this.#find({ ...read(prefix), iface: this.#iface(iface) });
    if (entry === undefined) throw new AddressLabelError('ESRCH', `${prefix} has no label of its own`);
    this.#change(this.#entries.filter((one) => one !== entry));
  }

  list(): readonly AddressLabelInfo[] {
    return this.#entries.map(({ words, bits, iface, label }) => ({
      prefix: `${Ip6Address.fromWords(words, 0)}/${bits}`,
      label,
      iface: iface?.name,
    }));
  }

  /** The interface goes, and its labels with it. */
  gone(iface: Interface): void {
    this.#entries = this.#entries.filter((one) => one.iface !== iface);
  }

  #change(entries: readonly Entry[]): void {
    this.#entries = entries;
    this.#context.routes.invalidate();
  }

  #find({ words, bits, iface }: Omit<Entry, 'label'>): Entry | undefined {
    return this.#entries.find((one) => one.bits === bits && one.iface === iface && equalWords(one.words, 0, words, 0));
  }

  #iface(name: string | undefined): Interface | undefined {
    if (name === undefined) return undefined;
    const iface = this.#context.interfaces.byName(name);
    if (iface === undefined) throw new AddressLabelError('ENODEV', `there is no interface ${name}`);
    return iface;
  }
}

function read(text: string): { readonly words: Int32Array; readonly bits: number } {
  try {
    const prefix = Prefix.parse(text);
    if (prefix.family === 10) return { words: prefix.address.toWords(), bits: prefix.length };
  } catch (error) {
    if (!AddressError.is(error)) throw error;
  }
  throw new AddressLabelError('EINVAL', `"${text}" is not an IPv6 prefix such as 2001:db8::/32`);
}
