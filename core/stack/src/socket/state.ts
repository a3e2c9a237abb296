// What every socket has: the options of SOL_SOCKET, and slots in which plugins keep theirs.
import type { Endpoint, ErrorQueue, SocketState } from '@protoloom/contracts/socket';

export interface SocketDefaults {
  /** `net.core.wmem_default` and `rmem_default`, bytes. */
  readonly wmemDefault: number;
  readonly rmemDefault: number;
}

export class StackSocketState implements SocketState {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  endpoint: Endpoint | undefined = undefined;
  reuseAddress = false;
  reusePort = false;
  broadcast = false;
  dontRoute = false;
  keepAlive = false;
  oobInline = false;
  linger = -1;
  sendBuffer: number;
  receiveBuffer: number;
  sendBufferLocked = false;
  receiveBufferLocked = false;
  receiveLowWater = 1;
  receiveErrors4 = false;
  receiveErrors6 = false;
  zeroCopy = false;
  errors: ErrorQueue | undefined = undefined;
  boundInterface = 0;
  mark = 0;
  priority = 0;
  maxPacingRate = Number.POSITIVE_INFINITY;
  receiveTimeoutUs = 0;
  sendTimeoutUs = 0;
  /** Replaced by a copy in what a listener begets; plain values inside are shared until written, so plugins copy on write. */
  slots: unknown[] = [];

  constructor(family: number, type: number, protocol: number, defaults: SocketDefaults) {
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.sendBuffer = defaults.wmemDefault;
    this.receiveBuffer = defaults.rmemDefault;
  }

  inherit(): SocketState {
    // Made by the constructor, so that its shape is every socket's: copied into a bare object it would cost a dictionary of 1 KB.
    const made = new StackSocketState(this.family, this.type, this.protocol, {
      wmemDefault: this.sendBuffer,
      rmemDefault: this.receiveBuffer,
    });
    const child: StackSocketState = Object.assign(made, this);
    child.endpoint = undefined;
    child.errors = undefined;
    child.slots = this.slots.map((slot) =>
      typeof slot === 'object' && slot !== null ? Object.assign(Object.create(Object.getPrototypeOf(slot)), slot) : slot,
    );
    return child;
  }
}
