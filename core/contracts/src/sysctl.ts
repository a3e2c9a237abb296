// Sysctls: declared as data under Linux's path; hot code reads a plain property.
import type { Interface } from './interface.js';

export type SysctlValue = number | string | boolean | readonly number[];

/**
 * How `conf.all` and the interface's own value meet, as Linux's IN_DEV_MAXCONF, ORCONF, ANDCONF; `own` leaves `all` aside; with `each`, what
 * is set for `all` is set for `default` and for every interface.
 */
export type Combine = 'max' | 'or' | 'and' | 'own' | 'each';

export interface SysctlDefinition {
  /** Linux's path. An interface's has `*` where the interface's name stands: `net.ipv4.conf.*.arp_ignore`. */
  readonly path: string;
  readonly initial: SysctlValue;
  readonly unit?: string;
  /** Smallest number allowed, each number of a list. */
  readonly min?: number;
  readonly max?: number;
  /** The values allowed, where they are few. */
  readonly choices?: readonly (number | string)[];
  readonly rfc?: string;
  readonly doc: string;
  /** Reads the user's text, where it is neither a number, a list of numbers nor a word. @throws with a message that says what is allowed. */
  parse?(text: string): SysctlValue;
  format?(value: SysctlValue): string;
  /** What is wrong with the value, or undefined. */
  validate?(value: SysctlValue): string | undefined;
  /** Computed when read; it cannot be set. `create` returns the reader. */
  readonly readOnly?: true;
  /** Only for an interface's. Default `own`. */
  readonly combine?: Combine;
  /** Only for an interface's: what `all` starts from, where that is another value than an interface's. */
  readonly initialAll?: SysctlValue;
  /** Only for an interface's: false where Linux has no `all` (`net.ipv4.neigh.*`). */
  readonly all?: false;
}

export type SysctlSpec = Readonly<Record<string, SysctlDefinition>>;

/** What only the running plugin can do for its sysctl. */
export interface SysctlHooks {
  /** The value of a `readOnly` sysctl, or of one that does not only change by being set. */
  read?(): SysctlValue;
  /** What is wrong with the value, or undefined. */
  validate?(value: SysctlValue): string | undefined;
  /** Told after a change; `iface` is undefined for a stack's sysctl, and for `all` and `default`. */
  changed?(iface: Interface | undefined): void;
}

type Widen<T> = T extends number
  ? number
  : T extends string
    ? string
    : T extends boolean
      ? boolean
      : T extends readonly number[]
        ? readonly number[]
        : never;

export type SysctlValues<S> = { readonly [K in keyof S]: S[K] extends { initial: infer T } ? Widen<T> : never };

/** The values in force on an interface, `all` already combined in. */
export interface InterfaceSysctlValues<S> {
  of(iface: Interface): SysctlValues<S>;
  /** Sets an interface's own value, as a user would: where Linux keeps what a protocol has learnt in its sysctl. */
  set<K extends keyof S>(iface: Interface, key: K, value: SysctlValues<S>[K]): void;
}
