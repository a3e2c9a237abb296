import { CSUM_PARTIAL, CSUM_VERIFIED } from '@protoloom/contracts';
import { sum } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';
import { PacketPool } from '../dist/packet/pool.js';

const pool = (headroom = 64, defers = true): PacketPool => {
  const made = new PacketPool({ headroomMoves: 0 }, true, defers);
  made.shape(headroom, 1);
  return made;
};
const octets = (n: number, from = 0): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (from + i) & 0xff);
const read = (packet: { bytes: Uint8Array; head: number; tail: number }): number[] => [...packet.bytes.subarray(packet.head, packet.tail)];

describe('a packet', () => {
  it('grows to both ends, and keeps its octets when its headroom is short', () => {
    const counters = { headroomMoves: 0 };
    const packets = new PacketPool(counters, true);
    packets.shape(0, 0);
    const packet = packets.make(4);
    packet.bytes.set([1, 2, 3, 4], packet.put(4));
    const before = packets.headroom;
    // `bytes` is another array once the packet has moved.
    const front = packet.push(before + 20);
    packet.bytes.set(octets(before + 20, 100), front);
    expect(read(packet)).to.deep.equal([...octets(before + 20, 100), 1, 2, 3, 4]);
    expect(counters.headroomMoves).to.equal(1);
  });

  for (const defers of [true, false])
    it(`borrows a device’s frame; taken, it has a copy of its own, headers and all, ${defers ? 'before the device is polled again' : 'at once'}`, () => {
      const packets = pool(64, defers);
      const slab = octets(100);
      const packet = packets.borrow(slab, new DataView(slab.buffer), 10, 60);
      packet.l2 = 10;
      packet.pull(14);
      packet.l3 = packet.head;
      packet.take();
      packets.done(packet);
      expect(packet.borrowed).to.equal(defers);
      expect(packet.memory).to.equal(512);
      packet.pull(2);
      packets.settle();
      slab.fill(0xee);
      expect(packet.borrowed).to.equal(false);
      expect(packet.memory).to.equal(512);
      expect(read(packet)).to.deep.equal([...octets(34, 26)]);
      expect([...packet.bytes.subarray(packet.l2, packet.l3)]).to.deep.equal([...octets(14, 10)]);
      expect(packets.inHand).to.equal(1);
      packet.release();
      expect(packets.inHand).to.equal(0);
    });

  it('keeps the memory that it was charged for when it moves, though it has become shorter since', () => {
    const packets = pool();
    const slab = octets(600);
    const packet = packets.borrow(slab, new DataView(slab.buffer), 0, 500).take();
    packets.done(packet);
    const { memory } = packet;
    packet.trim(10);
    expect(packet.memory).to.equal(memory);
    packets.settle();
    expect(packet.memory).to.equal(memory);
    packet.release();
  });

  it('released before its device is polled again has never moved; nor does the next that has its record', () => {
    const packets = pool();
    const slab = octets(100);
    const view = new DataView(slab.buffer);
    const packet = packets.borrow(slab, view, 0, 50).take();
    packets.done(packet);
    packet.release();
    const next = packets.borrow(slab, view, 50, 100);
    packets.settle();
    expect(next.bytes).to.equal(slab);
    packets.done(next);
  });

  it('that is taken in a device’s frame is copied apart from it, and writes nothing in front of it there', () => {
    const packets = pool();
    const slab = octets(100);
    const packet = packets.borrow(slab, new DataView(slab.buffer), 50, 60).take();
    packets.done(packet);
    const copy = packet.copy();
    copy.bytes[copy.head] = 0xff;
    const front = packet.push(20);
    packet.bytes.fill(0xee, front, front + 20);
    expect([...slab]).to.deep.equal([...octets(100)]);
    expect(read(packet).slice(20)).to.deep.equal([...octets(10, 50)]);
    copy.release();
    packet.release();
  });

  it('may be taken once; a second keeper copies it', () => {
    const packets = pool();
    const packet = packets.make(1);
    packet.put(1);
    packet.take();
    expect(() => packet.take()).to.throw('copy()');
    const copy = packet.copy();
    packet.bytes[packet.head] = 9;
    expect(copy.bytes[copy.head]).to.not.equal(9);
    copy.release();
    expect(() => copy.release()).to.throw('not taken');
  });

  it('taken and released within its maker’s call is not given back twice', () => {
    const packets = pool();
    const packet = packets.make(1);
    packet.take();
    packet.release();
    packets.done(packet);
    const a = packets.make(1);
    const b = packets.make(1);
    expect(a).to.not.equal(b);
  });

  it('tells its owner when it is gone, with what it was charged', () => {
    const packets = pool();
    const told: number[] = [];
    const packet = packets.make(1);
    packet.owner = { packetReleased: (bytes) => void told.push(bytes) };
    packet.charge = 77;
    packets.done(packet);
    expect(told).to.deep.equal([77]);
  });

  it('overwrites what is released, in a pool that poisons', () => {
    const packets = pool();
    const packet = packets.make(4);
    const at = packet.put(4);
    const { bytes } = packet;
    packets.done(packet);
    expect([...bytes.subarray(at, at + 4)]).to.deep.equal([0xdb, 0xdb, 0xdb, 0xdb]);
  });

  it('carries fragments by reference, cut and copied as one with its head', () => {
    const packets = pool();
    const packet = packets.make(3);
    packet.bytes.set([1, 2, 3], packet.put(3));
    packet.append(octets(10), 2, 5);
    packet.append(octets(10, 50), 0, 4);
    expect(packet.length).to.equal(12);
    packet.trim(9);
    packet.linearize();
    expect(read(packet)).to.deep.equal([1, 2, 3, 2, 3, 4, 5, 6, 50]);
    expect([packet.fragmentCount, packet.fragmentBytes]).to.deep.equal([0, 0]);
  });

  it('completes a checksum over head and fragments of any lengths [RFC 1071 §2]', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 60 }),
        fc.uint8Array({ maxLength: 60 }),
        fc.uint8Array({ maxLength: 60 }),
        (head, one, two) => {
          const packets = pool();
          const packet = packets.make(head.length);
          packet.bytes.set(head, packet.put(head.length));
          packet.view.setUint16(packet.head + 6, 0);
          packet.csum = CSUM_PARTIAL;
          packet.csumStart = packet.head;
          packet.csumOffset = 6;
          if (one.length > 0) packet.append(one, 0, one.length);
          if (two.length > 0) packet.append(two, 0, two.length);
          packet.completeChecksum();
          expect(packet.csum).to.equal(CSUM_VERIFIED);
          packet.linearize();
          expect(sum(packet.bytes, packet.head, packet.tail, 0)).to.equal(0xffff);
        },
      ),
    );
  });
});
