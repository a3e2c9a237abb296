// What every socket has: the options of SOL_SOCKET, and slots in which plugins keep theirs.
import type { Endpoint, ErrorQueue, SocketState } from '@protoloom/contracts/socket';

export interface SocketDefaults {
  /** `net.core.wmem_default` and `rmem_default`, bytes. */
  readonly wmemDefault: number;
  readonly rmemDefault: number;
}

/** Options that few sockets set: those that have set none share these, and one that sets any gets a record of its own. */
const RARE = {
  reuseAddress: false,
  reusePort: false,
  broadcast: false,
  dontRoute: false,
  keepAlive: false,
  oobInline: false,
  linger: -1,
  receiveBufferLocked: false,
  receiveErrors4: false,
  receiveErrors6: false,
  v6Only: false,
  freeBind: false,
  sendsFlowLabel: false,
  zeroCopy: false,
  timestamping: 0,
  timestampOrigin: 0,
  receiveTimeoutUs: 0,
  sendTimeoutUs: 0,
  maxPacingRate: Number.POSITIVE_INFINITY,
};
type Rare = typeof RARE;

/** What a socket without options in plugins has. */
const NO_SLOTS: unknown[] = Object.freeze([]) as never;

export class StackSocketState implements SocketState {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  endpoint: Endpoint | undefined = undefined;
  declare reuseAddress: boolean;
  declare reusePort: boolean;
  declare broadcast: boolean;
  declare dontRoute: boolean;
  declare keepAlive: boolean;
  declare oobInline: boolean;
  declare linger: number;
  sendBuffer: number;
  receiveBuffer: number;
  sendBufferLocked = false;
  receiveLowWater = 1;
  declare receiveErrors4: boolean;
  declare receiveErrors6: boolean;
  declare v6Only: boolean;
  declare freeBind: boolean;
  declare sendsFlowLabel: boolean;
  declare zeroCopy: boolean;
  declare timestampOrigin: number;
  nextId4 = -1;
  errors: ErrorQueue | undefined = undefined;
  boundInterface = 0;
  mark = 0;
  priority = 0;
  declare receiveTimeoutUs: number;
  declare sendTimeoutUs: number;
  /** Replaced by a copy in what a listener begets; plain values inside are shared until written, so plugins copy on write. */
  slots: unknown[] = NO_SLOTS;
  rare: Readonly<Rare> = RARE;

  constructor(family: number, type: number, protocol: number, defaults: SocketDefaults) {
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.sendBuffer = defaults.wmemDefault;
    this.receiveBuffer = defaults.rmemDefault;
  }

  // As the others, but asked for each packet: accessors that share their code do not know which they are.
  get maxPacingRate(): number {
    return this.rare.maxPacingRate;
  }
  set maxPacingRate(value: number) {
    this.rare = { ...this.rare, maxPacingRate: value };
  }
  get timestamping(): number {
    return this.rare.timestamping;
  }
  set timestamping(value: number) {
    this.rare = { ...this.rare, timestamping: value };
  }
  get receiveBufferLocked(): boolean {
    return this.rare.receiveBufferLocked;
  }
  set receiveBufferLocked(value: boolean) {
    this.rare = { ...this.rare, receiveBufferLocked: value };
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
    child.nextId4 = -1;
    if (this.slots !== NO_SLOTS)
      child.slots = this.slots.map((slot) =>
        typeof slot === 'object' && slot !== null ? Object.assign(Object.create(Object.getPrototypeOf(slot)), slot) : slot,
      );
    return child;
  }
}

for (const name of Object.keys(RARE) as (keyof Rare)[]) {
  if (name in StackSocketState.prototype) continue;
  Object.defineProperty(StackSocketState.prototype, name, {
    get(this: StackSocketState) {
      return this.rare[name];
    },
    set(this: StackSocketState, value: boolean | number) {
      if (this.rare[name] !== value) this.rare = { ...this.rare, [name]: value };
    },
  });
}
