// Fast Open with the kernel, each as the other's server: the first connection gets a cookie, the second is opened by its SYN.
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Namespace, skipWithoutKernel } from './namespace.js';

const HOST = fileURLToPath(new URL('fast-open-host.js', import.meta.url));
const BOTH = { answers: [500, 500] };

interface Told {
  readonly answers: readonly number[];
  readonly counters: Readonly<Record<string, number>>;
}

describe('the Linux kernel with Fast Open', function () {
  this.timeout(60_000);
  let net: Namespace;

  before(function () {
    skipWithoutKernel(this, 'python3', 'nstat');
  });
  beforeEach(() => {
    net = new Namespace();
  });
  afterEach(async () => net?.remove());

  /** Runs both ends; what our side tells, and the kernel's counters. */
  async function talk(role: 'server' | 'client'): Promise<{ told: Told; kernel: Readonly<Record<string, number>> }> {
    const { out, err } = await net.sh(`sysctl -q net.ipv4.tcp_fastopen=3; ${process.execPath} ${HOST} ${role}`);
    if (out === '') throw new Error(err);
    const { out: table } = await net.sh('nstat -a');
    const lines = table.split('\n').map((line) => line.split(/\s+/));
    const kernel = lines.filter(([name = '']) => name.startsWith('TcpExtTCPFastOpen')).map(([name = '', value]) => [name, Number(value)]);
    return { told: JSON.parse(out) as Told, kernel: Object.fromEntries(kernel) };
  }

  it('takes our cookie, and its text comes with the SYN [RFC 7413 §4.2.2]', async () => {
    const { told, kernel } = await talk('server');
    expect(told).to.deep.equal({ ...BOTH, counters: { fastOpenCookieReqd: 1, fastOpenPassive: 1 } });
    expect(kernel).to.deep.equal({ TcpExtTCPFastOpenActive: 1 });
  });

  it('gives us a cookie, and takes text with our SYN [RFC 7413 §4.2.1]', async () => {
    const { told, kernel } = await talk('client');
    expect(told).to.deep.equal({ ...BOTH, counters: { fastOpenActive: 1 } });
    expect(kernel).to.deep.equal({ TcpExtTCPFastOpenCookieReqd: 1, TcpExtTCPFastOpenPassive: 1 });
  });
});
