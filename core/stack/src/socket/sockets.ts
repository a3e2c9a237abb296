// socket(2), setsockopt(2) and control messages below the facade: what plugins and the facade open endpoints with.
import { ERRNO, type ErrnoCode, type Lookup, type Packet } from '@protoloom/contracts';
import type { RouteQuery } from '@protoloom/contracts/ip';
import {
  type AddressFamily,
  ANY_PROTOCOL,
  type Control,
  type ControlMessage,
  type ControlMessageKey,
  type Endpoint,
  type Message,
  newMessage,
  newSocketAddress,
  type OptionValue,
  type SocketAddress,
  type SocketOption,
  type SocketOptionKey,
  type SocketState,
  type Sockets,
  type SocketType,
  type SocketTypeKey,
} from '@protoloom/contracts/socket';
import { type SocketDefaults, StackSocketState } from './state.js';

export interface SocketPoints {
  readonly addressFamilies: Lookup<number, AddressFamily>;
  readonly socketTypes: Lookup<SocketTypeKey, SocketType>;
  readonly options: Lookup<SocketOptionKey, SocketOption>;
  readonly controlMessages: Lookup<ControlMessageKey, ControlMessage>;
}

/** What socket() found, or why not and what there is. */
type Resolution = { readonly type: SocketType; readonly protocol: number } | { readonly code: ErrnoCode; readonly message: string };

export class StackSockets implements Sockets {
  readonly #points: SocketPoints;
  readonly #defaults: SocketDefaults;

  constructor(points: SocketPoints, defaults: SocketDefaults) {
    this.#points = points;
    this.#defaults = defaults;
  }

  open(family: number, type: number, protocol: number): Endpoint | number {
    const found = this.resolve(family, type, protocol);
    if ('code' in found) return -ERRNO[found.code];
    const state = new StackSocketState(family, type, found.protocol, this.#defaults);
    this.#points.addressFamilies.get(family)?.opened?.(state);
    const endpoint = found.type.open(state);
    if (typeof endpoint !== 'number') state.endpoint = endpoint;
    return endpoint;
  }

  /** The order of Linux's checks: the family, then the type, then the protocol. */
  resolve(family: number, type: number, protocol: number): Resolution {
    const { addressFamilies, socketTypes } = this.#points;
    const keys = socketTypes.keys().filter(({ families }) => families.includes(family));
    const families = addressFamilies.keys();
    if (!families.includes(family)) {
      const names = families.map((number) => `${addressFamilies.get(number)?.name} (${number})`).join(', ');
      return { code: 'EAFNOSUPPORT', message: `address family ${family} is not plugged in; there is ${names || 'none'}` };
    }
    const ofType = keys.filter((key) => key.type === type);
    if (ofType.length === 0) {
      const types = [...new Set(keys.map((key) => key.type))].join(', ');
      return { code: 'ESOCKTNOSUPPORT', message: `family ${family} has no sockets of type ${type}; there are types ${types || 'none'}` };
    }
    const key =
      ofType.find((one) => one.protocol === protocol) ??
      (protocol === 0 ? ofType.find((one) => one.default === true) : undefined) ??
      ofType.find((one) => one.protocol === ANY_PROTOCOL);
    const found = key === undefined ? undefined : socketTypes.get(key);
    if (key === undefined || found === undefined) {
      const protocols = ofType.map((one) => one.protocol).join(', ');
      return {
        code: 'EPROTONOSUPPORT',
        message: `sockets of family ${family} and type ${type} speak protocol ${protocols}, not ${protocol}`,
      };
    }
    return { type: found, protocol: key.protocol === ANY_PROTOCOL ? protocol : key.protocol };
  }

  setOption(endpoint: Endpoint, level: number, name: number, value: OptionValue): number {
    const option = this.#option(level, name);
    if (option?.set === undefined) return -ERRNO.ENOPROTOOPT;
    const result = option.set(endpoint.socket, value);
    if (result >= 0) endpoint.optionSet?.(level, name);
    return result;
  }

  getOption(endpoint: Endpoint, level: number, name: number, asked?: OptionValue): OptionValue {
    const option = this.#option(level, name);
    return option?.get === undefined ? -ERRNO.ENOPROTOOPT : option.get(endpoint.socket, asked);
  }

  /** Whether an option's own values may be below zero. */
  isSigned(level: number, name: number): boolean {
    return this.#option(level, name)?.signed === true;
  }

  /** Names of the options of a level, for messages. */
  optionNames(level: number): string[] {
    return this.#points.options
      .keys()
      .filter((key) => key.level === level)
      .map(({ label }) => label);
  }

  readControls(socket: SocketState, packet: Packet, into: Control[]): void {
    const { controlMessages } = this.#points;
    for (const key of controlMessages.keys()) {
      const value = controlMessages.get(key)?.read?.(socket, packet);
      if (value !== undefined) into.push({ level: key.level, type: key.type, value });
    }
  }

  askControls(socket: SocketState, query: RouteQuery, controls: readonly Control[]): number {
    for (const { level, type, value } of controls) {
      const result = this.#points.controlMessages.get({ level, type, label: '' })?.ask?.(socket, query, value as OptionValue) ?? 0;
      if (result < 0) return result;
    }
    return 0;
  }

  writeControls(socket: SocketState, packet: Packet, controls: readonly Control[]): number {
    for (const { level, type, value } of controls) {
      const message = this.#points.controlMessages.get({ level, type, label: '' });
      // Nobody sends an error.
      if (typeof value === 'object' && 'offender' in value) return -ERRNO.EINVAL;
      if (message?.write === undefined && message?.ask === undefined) return -ERRNO.EINVAL;
      const result = message.write?.(socket, packet, value as OptionValue) ?? 0;
      if (result < 0) return result;
    }
    return 0;
  }

  /** The family that reads this text as an address, tried in the order of the numbers. */
  parse(text: string, into: SocketAddress, family: number | undefined): boolean {
    const { addressFamilies } = this.#points;
    const families = family === undefined ? [...addressFamilies.keys()].sort((a, b) => a - b) : [family];
    for (const number of families) {
      if (addressFamilies.get(number)?.parse(text, into) !== true) continue;
      into.family = number;
      return true;
    }
    return false;
  }

  format(address: SocketAddress): string {
    return this.#points.addressFamilies.get(address.family)?.format(address) ?? '';
  }

  address(): SocketAddress {
    return newSocketAddress();
  }

  message(): Message {
    return newMessage();
  }

  #option(level: number, name: number): SocketOption | undefined {
    return this.#points.options.get({ level, name, label: '' });
  }
}
