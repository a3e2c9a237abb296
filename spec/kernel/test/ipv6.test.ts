import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

const ADDRESSES = ['--address', '2001:db8::2/64', '--kernel-address', '2001:db8::1/64'];

describe('the Linux kernel across a TUN, over IPv6', function () {
  this.timeout(60_000);
  let net: Namespace;

  before(async function () {
    skipWithoutKernel(this);
    net = new Namespace();
    await net.up('--tun', 'tun0', ...ADDRESSES);
  });
  after(async () => net?.remove());

  it('pings it 500 times at 2 ms and loses nothing [RFC 4443 §4.2]', async function () {
    needs(this, 'ping');
    const { out } = await net.sh('ping -6 -c 500 -i 0.002 -q 2001:db8::2');
    expect(out).to.contain('500 packets transmitted, 500 received, 0% packet loss');
  });

  it('is told of a closed UDP port [RFC 4443 §3.1]', async function () {
    needs(this, 'ncat');
    const { err } = await net.sh('(echo x; sleep 0.3; echo y; sleep 0.3) | ncat -6 -u 2001:db8::2 81', 5);
    expect(err).to.contain('Connection refused');
  });
});
