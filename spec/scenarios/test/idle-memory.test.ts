// What a connection costs that only waits, endpoint included: thousands of them after both ends have sent and read.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/** Bytes of one end, on the heap and outside it. */
const MOST = 2048;
const CONNECTIONS = 10_000;

describe('idle connections', () => {
  it('cost less than 2 KB each, with their endpoint', () => {
    const child = fileURLToPath(new URL('./idle-connections.js', import.meta.url));
    const { heap, external } = JSON.parse(
      execFileSync(process.execPath, ['--expose-gc', child, String(CONNECTIONS)], { encoding: 'utf8' }),
    );
    expect(heap + external).to.be.below(MOST);
  }).timeout(120_000);
});
