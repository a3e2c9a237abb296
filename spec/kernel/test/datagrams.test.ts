// Datagrams that UDP_SEGMENT makes of one send, to the kernel and from it.
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Namespace, skipWithoutKernel } from './namespace.js';

const HOST = fileURLToPath(new URL('datagrams-host.js', import.meta.url));
const PIECES = [...Array.from({ length: 9 }, () => 1000), 700];

describe('the Linux kernel with UDP_SEGMENT', function () {
  this.timeout(60_000);
  let net: Namespace;

  before(function () {
    skipWithoutKernel(this, 'python3');
  });
  beforeEach(() => {
    net = new Namespace();
  });
  afterEach(async () => net?.remove());

  for (const device of ['offload', 'plain'] as const) {
    it(`sends and takes pieces of the length that was asked for, ${device} [as Linux’s udp(7)]`, async () => {
      const { out, err } = await net.sh(`${process.execPath} ${HOST} ${device}`);
      if (out === '') throw new Error(err);
      const { kernel, host, intact, taken, cuts } = JSON.parse(out);
      // The empty datagram goes before.
      expect({ kernel, host, intact }).to.deep.equal({ kernel: [0, ...PIECES], host: PIECES, intact: true });
      // Linux 6.2 and later cut them; before, and without offloads, the stack does.
      expect(taken, 'frames').to.equal(cuts ? 1 : PIECES.length);
      if (device === 'plain') expect(cuts).to.equal(false);
    });
  }
});
