// Transfers with the kernel over a wire that loses 5 % of the frames of each direction, and reorders and duplicates others.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { skipWithoutKernel } from './namespace.js';

const PROGRAM = fileURLToPath(new URL('../../../tools/bench/bin/bench.js', import.meta.url));
/** Octets of every day each way; PROTOLOOM_IMPAIRED_BYTES=100000000 asks for more. */
const BYTES = process.env['PROTOLOOM_IMPAIRED_BYTES'] ?? '300000';

interface Transfer {
  readonly direction: string;
  readonly bytes: number;
  readonly intact: boolean;
}

describe('the Linux kernel across an impaired wire', function () {
  this.timeout(120_000 + Number(BYTES) / 100);

  before(function () {
    skipWithoutKernel(this);
  });

  it(`exchanges ${BYTES} octets each way at 5 % loss, intact [RFC 9293 §3.8, RFC 2018, RFC 8985]`, async () => {
    const transfers = await new Promise<Transfer[]>((resolve, reject) => {
      execFile(process.execPath, [PROGRAM, 'impaired', '--only', 'protoloom', '--bytes', BYTES, '--json'], (error, out, err) => {
        if (error !== null) reject(new Error(err || error.message));
        else
          resolve(
            out
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as Transfer),
          );
      });
    });
    expect(transfers.map(({ direction, bytes, intact }) => ({ direction, bytes, intact }))).to.deep.equal([
      { direction: 'in', bytes: Number(BYTES), intact: true },
      { direction: 'out', bytes: Number(BYTES), intact: true },
    ]);
  });
});
