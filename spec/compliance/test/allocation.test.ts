// Our own controllers leave nothing on the heap. In a process of their own: how V8 keeps the fields of an object hangs on what was ever stored in one
// of its shape, and other tests have stored what no controller does.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';

const PROGRAM = `
import { clausesOf } from '@protoloom/compliance';
import { cubic } from '@protoloom/tcp-cubic';
import { newreno } from '@protoloom/tcp-newreno';
import { reno } from '@protoloom/tcp-reno';
const heapUsed = () => process.memoryUsage().heapUsed;
const judged = [reno, newreno, cubic].map((control) => clausesOf(control, { heapUsed }).find(({ id }) => id === 'allocation').run() ?? 'nothing');
console.log(JSON.stringify(judged));`;

describe('reno, newreno and cubic', () => {
  it('allocate nothing per acknowledgement', () => {
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      cwd: new URL('..', import.meta.url).pathname,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(JSON.parse(out)).to.deep.equal(['nothing', 'nothing', 'nothing']);
  });
});
