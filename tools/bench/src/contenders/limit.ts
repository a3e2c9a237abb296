// The limit: the same device, and no stack. Answers ARP, datagrams and TCP segments by offsets alone; believes everything, loses nothing.
import { CSUM_PARTIAL, type DevicePort, type Packet } from '@protoloom/contracts';
import { GSO_TCP } from '@protoloom/contracts/tcp';
import { openTap } from '@protoloom/tun-tap';
import { add, finish, sum } from '@protoloom/wire';
import { type BarePacket, barePacket } from '../bare-packet.js';
import type { Setting } from './contender.js';
import { ANSWER } from './node.js';

/** The most that an IPv4 packet holds of TCP's text. */
const MOST_TEXT = 65_535 - 40;
const SCALE = 10;
const IP = 14;
const L4 = 34;
const HEADERS = 54;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const ISN = 1000;
/** Frames of one poll. */
const BATCH = 64;

/** One whose checksum the device completes. */
const blank = (bytes: Uint8Array): BarePacket =>
  Object.assign(barePacket(bytes), { csum: CSUM_PARTIAL, csumStart: L4, csumOffset: 16, protocol: 0x0800 });

/** A connection that octets are sent on. */
interface Flow {
  readonly packet: Packet;
  sndNxt: number;
  sndUna: number;
  window: number;
}

/** Runs until it is killed. */
export function runLimit(name: string, kernelAddress: string, { mode, offload, mtu }: Setting): void {
  const mss = mtu - 40;
  const burst = MOST_TEXT - (MOST_TEXT % mss);
  const device = openTap({ name, offload, mtu });
  device.kernel.addAddress(kernelAddress);
  device.kernel.setUp(true);
  const mac = device.address as Uint8Array;
  const control = blank(new Uint8Array(HEADERS + 8));
  const text = blank(new Uint8Array(HEADERS + mss));
  if (mode === 'http') new TextEncoder().encodeInto(ANSWER, text.bytes.subarray(HEADERS));
  const flows = new Map<number, Flow>();
  let scale = 0;
  let blocked = false;
  /** An acknowledgement that is written, and waits for what follows in the same batch: whose, by its port. */
  let pending = 0;

  const segment = (packet: BarePacket, from: Packet, seq: number, ack: number, flags: number, length: number, options: number): void => {
    const { bytes, view } = packet;
    const { head, view: asked } = from;
    for (let i = 0; i < 6; i++) {
      bytes[i] = asked.getUint8(head + 6 + i);
      bytes[6 + i] = mac[i] as number;
    }
    view.setUint16(12, 0x0800);
    view.setUint16(IP, 0x4500);
    view.setUint16(IP + 2, 40 + options + length);
    view.setUint32(IP + 4, 0x0000_4000);
    view.setUint16(IP + 8, 0x4006);
    view.setUint16(IP + 10, 0);
    view.setInt32(IP + 12, asked.getInt32(head + IP + 16));
    view.setInt32(IP + 16, asked.getInt32(head + IP + 12));
    view.setUint16(IP + 10, finish(sum(bytes, IP, L4, 0)));
    view.setUint16(L4, asked.getUint16(head + L4 + 2));
    view.setUint16(L4 + 2, asked.getUint16(head + L4));
    view.setInt32(L4 + 4, seq);
    view.setInt32(L4 + 8, ack);
    view.setUint16(L4 + 12, ((5 + options / 4) << 12) | flags);
    view.setUint16(L4 + 14, 0xffff);
    view.setUint32(L4 + 16, 0);
    view.setUint16(L4 + 16, add(sum(bytes, IP + 12, L4, 6), 20 + options + length));
    packet.tail = HEADERS + options + length;
    packet.length = packet.tail;
  };
  const flush = (): void => {
    if (pending === 0) return;
    pending = 0;
    device.transmit(control);
  };

  const blast = (flow: Flow): void => {
    const { packet } = flow;
    while (!blocked && ((flow.sndNxt + burst - flow.sndUna) | 0) <= flow.window) {
      packet.view.setInt32(L4 + 4, flow.sndNxt);
      packet.view.setUint16(L4 + 16, add(sum(packet.bytes, IP + 12, L4, 6), 20 + burst));
      if (!device.transmit(packet)) {
        blocked = true;
        return;
      }
      flow.sndNxt = (flow.sndNxt + burst) | 0;
    }
  };

  const arp = ({ view, head }: Packet): void => {
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
  };

  /** Back where it came from, in place: what is swapped leaves every sum as it is. */
  const echoDatagram = (packet: Packet): void => {
    const { bytes, view, head } = packet;
    for (let i = 0; i < 6; i++) {
      bytes[head + i] = bytes[head + 6 + i] as number;
      bytes[head + 6 + i] = mac[i] as number;
    }
    const source = view.getInt32(head + IP + 12);
    view.setInt32(head + IP + 12, view.getInt32(head + IP + 16));
    view.setInt32(head + IP + 16, source);
    const port = view.getUint16(head + L4);
    view.setUint16(head + L4, view.getUint16(head + L4 + 2));
    view.setUint16(head + L4 + 2, port);
    device.transmit(packet);
  };

  const arrives = (packet: Packet): void => {
    const { view, head } = packet;
    const flags = view.getUint8(head + L4 + 13);
    const options = (view.getUint8(head + L4 + 12) >> 4) * 4 - 20;
    const port = view.getUint16(head + L4);
    const seq = view.getInt32(head + L4 + 4);
    const ack = view.getInt32(head + L4 + 8);
    const length = view.getUint16(head + IP + 2) - 40 - options;
    if ((flags & RST) !== 0) {
      flows.delete(port);
      return;
    }
    if ((flags & SYN) !== 0) {
      for (let at = head + HEADERS; at < head + HEADERS + options; ) {
        const kind = view.getUint8(at);
        if (kind === 3) scale = view.getUint8(at + 2);
        at += kind === 1 ? 1 : kind === 0 ? 40 : view.getUint8(at + 1);
      }
      flush();
      control.view.setUint32(HEADERS, 0x0204_0000 | mss);
      control.view.setUint32(HEADERS + 4, 0x0103_0300 | SCALE);
      segment(control, packet, ISN, (seq + 1) | 0, SYN | ACK, 0, 8);
      device.transmit(control);
      flows.delete(port);
      return;
    }
    if ((flags & FIN) !== 0) {
      flush();
      segment(control, packet, ack, (seq + length + 1) | 0, mode === 'close-last' ? FIN | ACK : ACK, 0, 0);
      device.transmit(control);
      return;
    }
    if (mode === 'close-first') {
      if (ack !== ISN + 1) return;
      segment(control, packet, ack, seq, FIN | ACK, 0, 0);
      device.transmit(control);
    } else if (mode === 'send') {
      let flow = flows.get(port);
      if (flow === undefined) {
        flow = { packet: blank(new Uint8Array(HEADERS + burst)), sndNxt: ack, sndUna: ack, window: 0 };
        flows.set(port, flow);
        segment(flow.packet, packet, ack, seq, ACK, burst, 0);
        if (burst > mss) flow.packet.gsoKind = GSO_TCP;
        flow.packet.gsoSize = mss;
      }
      flow.sndUna = ack;
      flow.window = view.getUint16(head + L4 + 14) << scale;
      blast(flow);
    } else if (length === 0) return;
    else if (mode === 'http') {
      segment(text, packet, ack, (seq + length) | 0, ACK | PSH, ANSWER.length, 0);
      device.transmit(text);
    } else if (mode === 'echo') {
      text.bytes.set(packet.bytes.subarray(head + HEADERS + options, head + HEADERS + options + length), HEADERS);
      segment(text, packet, ack, (seq + length) | 0, ACK | PSH, length, 0);
      device.transmit(text);
    } else {
      if (pending !== port) flush();
      segment(control, packet, ack, (seq + length) | 0, ACK, 0, 0);
      pending = port;
    }
  };

  const packet = blank(new Uint8Array(0));
  const input = {
    frame(bytes: Uint8Array, view: DataView, from: number, to: number): Packet {
      packet.bytes = bytes;
      packet.view = view;
      packet.head = from;
      packet.tail = to;
      packet.length = to - from;
      packet.gsoKind = 0;
      packet.csum = 0;
      return packet;
    },
    deliver(): void {
      const { view, head } = packet;
      const type = view.getUint16(head + 12);
      if (type === 0x0806) arp(packet);
      else if (type !== 0x0800) return;
      else if (view.getUint8(head + IP + 9) === 17) echoDatagram(packet);
      else if (view.getUint8(head + IP + 9) === 6) arrives(packet);
    },
  };
  const port: DevicePort = {
    readable(): void {
      while (device.poll(BATCH, input) >= BATCH) flush();
      flush();
      device.flush();
    },
    writable() {
      blocked = false;
      for (const flow of flows.values()) blast(flow);
      device.flush();
    },
    carrier: () => undefined,
    failed: () => process.exit(0),
  };
  device.open(port);
  process.stdout.write('ready\n');
}
