// A neighbour: its record, its cached link header, and the way of packets to it.
import type { Interface, Packet, Timer, Timers } from '@protoloom/contracts';
import { type Neighbour, NUD_NONE } from '@protoloom/contracts/neighbour';
import { copyView, copyWords } from '@protoloom/wire';
import type { LinkTimes } from './link-times.js';
import { expired, send } from './machine.js';
import type { FamilyTable } from './table.js';

const NO_BYTES = new Uint8Array(0);

export class NeighbourEntry implements Neighbour {
  readonly iface: Interface;
  readonly family: number;
  readonly words = new Int32Array(4);
  readonly table: FamilyTable;
  readonly times: LinkTimes;
  /** Written by `enter` alone (machine.ts). */
  state = NUD_NONE;
  /** In these states packets go straight to the link; in others, and in all without fast paths, the machine has a say. */
  readonly #straight: number;
  linkAddress: Uint8Array = NO_BYTES;
  dead = false;
  /** The link header of packets to it; refreshed with the link address. */
  readonly header: Uint8Array;
  readonly #headerView: DataView;
  updatedUs: number;
  /** When it was last known to be reachable, µs. */
  confirmedUs: number;
  /** When a packet last went to it while it was not known to be reachable, µs. */
  usedUs: number;
  /** Solicitations since the resolution began; from `ucastSolicit` on they are multicast. */
  probes = 0;
  /** Packets that wait for the resolution, oldest first, and their memory in bytes. */
  waiting: Packet[] = [];
  waitingBytes = 0;
  readonly timer: Timer;

  constructor(table: FamilyTable, times: LinkTimes, timers: Timers, iface: Interface, words: Int32Array, at: number, nowUs: number) {
    this.table = table;
    this.times = times;
    this.#straight = table.straight;
    this.iface = iface;
    this.family = table.protocol.family;
    copyWords(words, at, this.words, 0);
    this.header = new Uint8Array(iface.link.headerBytes);
    this.#headerView = new DataView(this.header.buffer);
    this.usedUs = nowUs;
    this.updatedUs = nowUs;
    this.confirmedUs = longUnconfirmed(times, nowUs);
    this.timer = timers.timer<NeighbourEntry>(this, expired);
  }

  output(packet: Packet): undefined {
    if ((this.state & this.#straight) !== 0) this.transmit(packet);
    else send(this, packet);
  }

  confirm(): void {
    this.confirmedUs = this.table.clock.nowUs;
  }

  /** Pushes the link header and sends. */
  transmit(packet: Packet): undefined {
    const { header } = this;
    const at = packet.push(header.length);
    copyView(this.#headerView, 0, header.length, packet.view, at);
    packet.l2 = at;
    this.iface.transmit(packet);
  }

  /** Forgets when it was last confirmed. */
  doubt(): void {
    this.confirmedUs = longUnconfirmed(this.times, this.table.clock.nowUs);
  }

  /** Takes over the link address in `bytes` at `at`. */
  setLinkAddress(bytes: Uint8Array, at: number): void {
    const { link } = this.iface;
    this.linkAddress = bytes.slice(at, at + link.addressBytes);
    link.writeHeader(this.iface, this.table.protocol.etherType, this.linkAddress, 0, this.header, 0);
  }

  hasLinkAddress(bytes: Uint8Array, at: number): boolean {
    const { linkAddress } = this;
    for (let i = 0; i < linkAddress.length; i++) if (bytes[at + i] !== linkAddress[i]) return false;
    return true;
  }
}

/** A time of confirmation that has run out under whatever reachable time was drawn. */
const longUnconfirmed = (times: LinkTimes, nowUs: number): number => nowUs - 2000 * times.parameters.baseReachableTimeMs;
