import { expect } from 'chai';
import { Buffers } from '../dist/packet/buffers.js';

describe('buffers of packets', () => {
  it('come in sizes, the smallest that is enough', () => {
    const buffers = new Buffers(false);
    const sizes = [0, 1, 512, 513, 2048, 2049, 10_240, 10_241, 67_584, 67_585].map((size) => buffers.get(size));
    expect(sizes.map(({ bytes }) => bytes.length)).to.deep.equal([512, 512, 512, 2048, 2048, 10_240, 10_240, 67_584, 67_584, 67_585]);
    for (const { size, bytes, view } of sizes) {
      expect(bytes.length).to.equal(size);
      expect([view.buffer, view.byteOffset, view.byteLength]).to.deep.equal([bytes.buffer, 0, size]);
    }
  });

  it('are used again, each for its own size, and never twice at once', () => {
    const buffers = new Buffers(false);
    const first = [buffers.get(100), buffers.get(100), buffers.get(3000)];
    for (const buffer of first) buffers.put(buffer);
    const again = [buffers.get(100), buffers.get(100), buffers.get(3000), buffers.get(100), buffers.get(3000)];
    expect(new Set(again).size).to.equal(5);
    expect(again.slice(0, 3)).to.have.members(first);
    expect(again.map(({ size }) => size)).to.deep.equal([512, 512, 10_240, 512, 10_240]);
  });

  it('are not kept beyond 4 MiB of each size, nor where they are larger than all', () => {
    const buffers = new Buffers(false);
    const many = Array.from({ length: 100 }, () => buffers.get(67_584));
    const large = buffers.get(100_000);
    for (const buffer of [...many, large]) buffers.put(buffer);
    const kept = new Set(many);
    expect(Array.from({ length: 100 }, () => buffers.get(67_584)).filter((buffer) => kept.has(buffer)).length).to.equal(64);
    expect(buffers.get(100_000)).to.not.equal(large);
  });

  it('are overwritten when they come back, where they are poisoned', () => {
    const buffers = new Buffers(true);
    const buffer = buffers.get(10);
    buffers.put(buffer);
    expect(buffer.bytes.every((octet) => octet === 0xdb)).to.equal(true);
  });
});
