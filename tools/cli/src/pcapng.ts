// Captures as pcapng files: draft-ietf-opsawg-pcapng. A plugin that attaches to the frame tap, as anybody's could.

import { closeSync, openSync, writeSync } from 'node:fs';
import {
  ARPHRD_NONE,
  attach,
  CLOCK,
  definePlugin,
  FRAME_TAP,
  type Interface,
  PACKET_OUTGOING,
  type Packet,
  type Plugin,
  use,
} from '@protoloom/contracts';
import { VERSION } from './version.js';

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const OPTION_NAME = 2;
const OPTION_FLAGS = 2;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
/** epb_flags: direction. */
const INBOUND = 1;
const OUTBOUND = 2;
/** Octets gathered before they are written. */
const GATHER = 1 << 20;

const padded = (bytes: number): number => (bytes + 3) & ~3;

/** Writes blocks to a file; little-endian. */
class PcapngFile {
  readonly #fd: number;
  #bytes = new Uint8Array(GATHER + 70_000);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #interfaces = new Map<Interface, number>();

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
    const at = this.#block(SECTION, 16);
    this.#view.setUint32(at, BYTE_ORDER, true);
    this.#view.setUint16(at + 4, 1, true);
    this.#view.setUint16(at + 6, 0, true);
    this.#view.setBigInt64(at + 8, -1n, true);
    this.flush();
  }

  packet(packet: Packet, wallUs: number): void {
    const id = this.#interfaces.get(packet.iface) ?? this.#addInterface(packet.iface);
    const { length } = packet;
    const at = this.#block(ENHANCED_PACKET, 20 + padded(length) + 12);
    const view = this.#view;
    view.setUint32(at, id, true);
    view.setUint32(at + 4, Math.floor(wallUs / 2 ** 32), true);
    view.setUint32(at + 8, wallUs >>> 0, true);
    view.setUint32(at + 12, length, true);
    view.setUint32(at + 16, length, true);
    let to = at + 20;
    this.#bytes.set(packet.bytes.subarray(packet.head, packet.tail), to);
    to += packet.tail - packet.head;
    for (let i = 0; i < packet.fragmentCount; i++) {
      const fragment = packet.fragments[i];
      if (fragment === undefined) break;
      this.#bytes.set(fragment.bytes.subarray(fragment.at, fragment.at + fragment.length), to);
      to += fragment.length;
    }
    const options = at + 20 + padded(length);
    this.#bytes.fill(0, to, options);
    view.setUint16(options, OPTION_FLAGS, true);
    view.setUint16(options + 2, 4, true);
    view.setUint32(options + 4, packet.kind === PACKET_OUTGOING ? OUTBOUND : INBOUND, true);
    view.setUint32(options + 8, 0, true);
    if (this.#at >= GATHER) this.flush();
  }

  flush(): void {
    if (this.#at > 0) writeSync(this.#fd, this.#bytes, 0, this.#at);
    this.#at = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.#fd);
  }

  #addInterface(iface: Interface): number {
    const id = this.#interfaces.size;
    this.#interfaces.set(iface, id);
    const name = new TextEncoder().encode(iface.name);
    const at = this.#block(INTERFACE, 8 + 4 + padded(name.length) + 4);
    this.#view.setUint16(at, iface.type === ARPHRD_NONE ? LINKTYPE_RAW : LINKTYPE_ETHERNET, true);
    this.#view.setUint16(at + 2, 0, true);
    this.#view.setUint32(at + 4, 0, true);
    this.#view.setUint16(at + 8, OPTION_NAME, true);
    this.#view.setUint16(at + 10, name.length, true);
    this.#bytes.fill(0, at + 12, at + 12 + padded(name.length) + 4);
    this.#bytes.set(name, at + 12);
    return id;
  }

  /** Writes a block's frame; answers where its body of `body` octets starts. */
  #block(type: number, body: number): number {
    const total = body + 12;
    if (this.#at + total > this.#bytes.length) this.flush();
    const at = this.#at;
    this.#view.setUint32(at, type, true);
    this.#view.setUint32(at + 4, total, true);
    this.#view.setUint32(at + 8 + body, total, true);
    this.#at += total;
    return at + 8;
  }
}

/** A plugin that writes every frame to a file. @throws Node's system errors where the file cannot be opened. */
export function capture(path: string): Plugin {
  const file = new PcapngFile(path);
  return definePlugin({
    name: '@protoloom/capture',
    version: VERSION,
    api: '^1.0.0',
    uses: { clock: use(CLOCK, '^1.0') },
    attaches: { tap: attach(FRAME_TAP, '^1.0') },
    create: ({ use: { clock } }) => ({
      handlers: {
        tap(packet: Packet) {
          file.packet(packet, clock.epochUs + clock.nowUs);
          return undefined;
        },
      },
      stop: () => file.close(),
    }),
  });
}
