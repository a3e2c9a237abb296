// The limit: the same device, and no stack. Answers ARP and one TCP connection by offsets alone; believes everything.
import type { DevicePort, Packet } from '@protoloom/contracts';
import { CSUM_PARTIAL } from '@protoloom/contracts';
import { GSO_TCP } from '@protoloom/contracts/tcp';
import { openTap } from '@protoloom/tun-tap';
import { add, finish, sum } from '@protoloom/wire';

const MSS = 1460;
/** 44 segments: the most that an IPv4 packet of them holds. */
const BURST = 44 * MSS;
const SCALE = 10;
const HEADERS = 14 + 20 + 20;

/** What transmit() of the device reads of a packet: as much as it takes to be one. */
const blank = (bytes: Uint8Array): Packet =>
  ({
    bytes,
    view: new DataView(bytes.buffer),
    head: 0,
    tail: bytes.length,
    length: bytes.length,
    fragmentCount: 0,
    fragments: [],
    csum: CSUM_PARTIAL,
    csumStart: 34,
    csumOffset: 16,
    gsoKind: 0,
    gsoSize: 0,
    gsoSegments: 1,
    protocol: 0x0800,
  }) as unknown as Packet;

/** Runs until it is killed. @param mode what the host does. */
export function runLimit(name: string, kernelAddress: string, mode: 'receive' | 'send', offload: boolean): void {
  const device = openTap({ name, offload });
  device.kernel.addAddress(kernelAddress);
  device.kernel.setUp(true);
  const mac = device.address as Uint8Array;
  const control = blank(new Uint8Array(HEADERS + 8));
  const burst = blank(new Uint8Array(HEADERS + BURST));
  const payload = burst.bytes.length - HEADERS;
  let established = false;
  let sndNxt = 0;
  let sndUna = 0;
  let rcvNxt = 0;
  let window = 0;
  let scale = 0;
  let blocked = false;

  const header = (packet: Packet, to: DataView, from: number, flags: number, data: number, options: number): void => {
    const { bytes, view } = packet;
    for (let i = 0; i < 6; i++) {
      bytes[i] = to.getUint8(from + 6 + i);
      bytes[6 + i] = mac[i] as number;
    }
    view.setUint16(12, 0x0800);
    view.setUint16(14, 0x4500);
    view.setUint16(16, 40 + options + data);
    view.setUint32(18, 0x0000_4000);
    view.setUint16(22, 0x4006);
    view.setUint16(24, 0);
    view.setInt32(26, to.getInt32(from + 30));
    view.setInt32(30, to.getInt32(from + 26));
    view.setUint16(24, finish(sum(bytes, 14, 34, 0)));
    view.setUint16(34, to.getUint16(from + 36));
    view.setUint16(36, to.getUint16(from + 34));
    view.setInt32(38, sndNxt);
    view.setInt32(42, rcvNxt);
    view.setUint16(46, ((5 + options / 4) << 12) | flags);
    view.setUint16(48, 0xffff);
    view.setUint32(50, 0);
    view.setUint16(50, add(sum(bytes, 26, 34, 6), 20 + options + data));
    packet.tail = 54 + options + data;
  };
  const blast = (): void => {
    while (established && !blocked && ((sndNxt + payload - sndUna) | 0) <= window) {
      burst.view.setInt32(38, sndNxt);
      burst.view.setInt32(42, rcvNxt);
      burst.view.setUint16(50, add(sum(burst.bytes, 26, 34, 6), 20 + payload));
      burst.gsoKind = GSO_TCP;
      burst.gsoSize = MSS;
      if (!device.transmit(burst)) {
        blocked = true;
        return;
      }
      sndNxt = (sndNxt + payload) | 0;
    }
  };
  const deliver = (packet: Packet): void => {
    const { view, head } = packet;
    if (view.getUint16(head + 12) === 0x0806) {
      const reply = new Uint8Array(60);
      const out = new DataView(reply.buffer);
      for (let i = 0; i < 6; i++) {
        reply[i] = view.getUint8(head + 6 + i);
        reply[6 + i] = mac[i] as number;
        reply[22 + i] = mac[i] as number;
        reply[32 + i] = view.getUint8(head + 22 + i);
      }
      out.setUint16(12, 0x0806);
      out.setUint32(14, 0x0001_0800);
      out.setUint32(18, 0x0604_0002);
      out.setInt32(28, view.getInt32(head + 38));
      out.setInt32(38, view.getInt32(head + 28));
      const answer = blank(reply);
      answer.csum = 0;
      device.transmit(answer);
      return;
    }
    if (view.getUint16(head + 12) !== 0x0800 || view.getUint8(head + 23) !== 6) return;
    const flags = view.getUint8(head + 47);
    const options = (view.getUint8(head + 46) >> 4) * 4 - 20;
    const seq = view.getInt32(head + 38);
    if ((flags & 2) !== 0) {
      sndNxt = sndUna = 1000;
      rcvNxt = (seq + 1) | 0;
      for (let at = head + 54; at < head + 54 + options; ) {
        const kind = view.getUint8(at);
        if (kind === 3) scale = view.getUint8(at + 2);
        at += kind === 1 ? 1 : kind === 0 ? 40 : view.getUint8(at + 1);
      }
      control.view.setUint32(54, 0x0204_05b4);
      control.view.setUint32(58, 0x0103_0300 | SCALE);
      header(control, view, head, 0x12, 0, 8);
      device.transmit(control);
      sndNxt = 1001;
      established = false;
      return;
    }
    sndUna = view.getInt32(head + 42);
    window = view.getUint16(head + 48) << scale;
    const length = packet.tail - head - 54 - options;
    if (length > 0) rcvNxt = (seq + length) | 0;
    if (!established) {
      established = true;
      header(burst, view, head, 0x10, payload, 0);
    }
    if (length > 0 || (flags & 1) !== 0) {
      header(control, view, head, 0x10, 0, 0);
      pendingAck = true;
    }
  };
  let pendingAck = false;
  const packet = blank(new Uint8Array(0));
  const input = {
    frame(bytes: Uint8Array, view: DataView, from: number, to: number): Packet {
      packet.bytes = bytes;
      packet.view = view;
      packet.head = from;
      packet.tail = to;
      return packet;
    },
    deliver,
  };
  const turn = (): void => {
    for (let more = true; more; ) {
      more = device.poll(64, input) >= 64;
      if (pendingAck) {
        pendingAck = false;
        device.transmit(control);
      }
      if (mode === 'send') blast();
    }
  };
  const port: DevicePort = {
    readable: turn,
    writable() {
      blocked = false;
      if (mode === 'send') blast();
    },
    carrier: () => undefined,
    failed: () => process.exit(0),
  };
  device.open(port);
  process.stdout.write('ready\n');
}
