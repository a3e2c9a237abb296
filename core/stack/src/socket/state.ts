// What every socket has: the options of SOL_SOCKET that many set, and slots in which plugins keep theirs.
import type { Endpoint, ErrorQueue, SocketState } from '@protoloom/contracts/socket';
import { RareOptions } from './rare-options.js';

export interface SocketDefaults {
  /** `net.core.wmem_default` and `rmem_default`, bytes. */
  readonly wmemDefault: number;
  readonly rmemDefault: number;
}

/** What a socket without options in plugins has. */
const NO_SLOTS: unknown[] = Object.freeze([]) as never;

export class StackSocketState extends RareOptions implements SocketState {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  endpoint: Endpoint | undefined = undefined;
  sendBuffer: number;
  receiveBuffer: number;
  sendBufferLocked = false;
  receiveLowWater = 1;
  nextId4 = -1;
  errors: ErrorQueue | undefined = undefined;
  boundInterface = 0;
  mark = 0;
  priority = 0;
  /** Replaced by a copy in what a listener begets; plain values inside are shared until written, so plugins copy on write. */
  slots: unknown[] = NO_SLOTS;

  constructor(family: number, type: number, protocol: number, defaults: SocketDefaults) {
    super();
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.sendBuffer = defaults.wmemDefault;
    this.receiveBuffer = defaults.rmemDefault;
  }

  inherit(): SocketState {
    // Made by the constructor, so that its shape is every socket's: copied into a bare object it would cost a dictionary of 1 KB.
    const child = new StackSocketState(this.family, this.type, this.protocol, {
      wmemDefault: this.sendBuffer,
      rmemDefault: this.receiveBuffer,
    });
    child.inheritRare(this);
    child.sendBufferLocked = this.sendBufferLocked;
    child.receiveLowWater = this.receiveLowWater;
    child.boundInterface = this.boundInterface;
    child.mark = this.mark;
    child.priority = this.priority;
    if (this.slots !== NO_SLOTS)
      child.slots = this.slots.map((slot) =>
        typeof slot === 'object' && slot !== null ? Object.assign(Object.create(Object.getPrototypeOf(slot)), slot) : slot,
      );
    return child;
  }
}
