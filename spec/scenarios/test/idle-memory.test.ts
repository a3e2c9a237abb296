// What a connection costs that only waits, endpoint included: thousands of them after both ends have sent and read.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/** Bytes of one end: heap, and outside it. Raise neither without a reason that is written down. */
const HEAP = 3584;
const EXTERNAL = 256;

describe('idle connections', () => {
  it('hold no buffers, and little besides', () => {
    const child = fileURLToPath(new URL('./idle-connections.js', import.meta.url));
    const { heap, external } = JSON.parse(execFileSync(process.execPath, ['--expose-gc', child, '5000'], { encoding: 'utf8' }));
    expect(heap, 'heap').to.be.below(HEAP);
    expect(external, 'external').to.be.below(EXTERNAL);
  }).timeout(120_000);
});
