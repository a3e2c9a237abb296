// Typed slots: a plugin's own state in every interface and in every socket, reached through an array index.
import type { Interface, InterfaceSlots, InterfaceStateEvents, SocketSlots } from '@protoloom/contracts';
import type { SocketState } from '@protoloom/contracts/socket';

interface InterfaceState {
  readonly plugin: string;
  made(iface: Interface): void;
  up(iface: Interface): void;
  down(iface: Interface): void;
  gone(iface: Interface): void;
}

export class SlotRegistry {
  #interfaces: readonly Interface[] = [];
  #states: InterfaceState[] = [];
  #sockets = 0;

  interfaceState<S>(plugin: string, make: (iface: Interface) => S, events: InterfaceStateEvents<S> = {}): InterfaceSlots<S> {
    const slots: (S | undefined)[] = [];
    for (const iface of this.#interfaces) slots[iface.slot] = make(iface);
    this.#states.push({
      plugin,
      made: (iface) => {
        slots[iface.slot] = make(iface);
      },
      up: (iface) => events.up?.(iface, slots[iface.slot] as S),
      down: (iface) => events.down?.(iface, slots[iface.slot] as S),
      gone: (iface) => {
        events.gone?.(iface, slots[iface.slot] as S);
        slots[iface.slot] = undefined;
      },
    });
    return { of: (iface) => slots[iface.slot] as S };
  }

  socketState<S>(make: (socket: SocketState) => S): SocketSlots<S> {
    const slot = this.#sockets++;
    return {
      of: (socket) => {
        const made = socket.slots[slot] as S | undefined;
        if (made !== undefined) return made;
        const state = make(socket);
        // The one that sockets begin with is everybody's.
        if (socket.slots.length <= slot) socket.slots = Array.from({ length: this.#sockets }, (_, i) => socket.slots[i]);
        socket.slots[slot] = state;
        return state;
      },
      // Reading beyond an array's end is slow.
      ifMade: ({ slots }) => (slot < slots.length ? (slots[slot] as S | undefined) : undefined),
    };
  }

  remove(plugin: string): void {
    this.#states = this.#states.filter((state) => state.plugin !== plugin);
  }

  added(iface: Interface): void {
    this.#interfaces = [...this.#interfaces, iface];
    for (const state of this.#states) state.made(iface);
  }

  up(iface: Interface): void {
    for (const state of this.#states) state.up(iface);
  }

  /** In the opposite order of bringing up. */
  down(iface: Interface): void {
    for (const state of this.#states.toReversed()) state.down(iface);
  }

  gone(iface: Interface): void {
    for (const state of this.#states.toReversed()) state.gone(iface);
    this.#interfaces = this.#interfaces.filter((other) => other !== iface);
  }
}
