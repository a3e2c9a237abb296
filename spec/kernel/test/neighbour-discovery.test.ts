import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

const ADDRESSES = ['--address', '2001:db8::2/64', '--kernel-address', '2001:db8::1/64'];
/** What `--mac` gives by RFC 2464 §5. */
const MAC = '02:00:00:00:00:42';
const LINK_LOCAL = 'fe80::ff:fe00:42';

describe('the Linux kernel and Neighbor Discovery', function () {
  this.timeout(60_000);
  let net: Namespace;

  beforeEach(function () {
    skipWithoutKernel(this);
    net = new Namespace();
  });
  afterEach(async () => net?.remove());

  it('finds the host reachable, by its global and by its link-local address [RFC 4861 §7.2]', async function () {
    needs(this, 'ping');
    await net.up('--tap', 'tap0', '--mac', MAC, ...ADDRESSES);
    for (const address of ['2001:db8::2', `${LINK_LOCAL}%tap0`, 'ff02::1%tap0']) {
      const { out } = await net.sh(`for i in $(seq 50); do ping -6 -c 1 -W 1 ${address} && break; sleep 0.1; done`, 20);
      expect(out).to.contain(' 0% packet loss');
    }
    const { out } = await net.sh('ip -6 neigh show dev tap0');
    expect(out).to.match(new RegExp(`^2001:db8::2 lladdr ${MAC} .*REACHABLE`, 'm'));
    expect(out).to.match(new RegExp(`^${LINK_LOCAL} lladdr ${MAC} .*REACHABLE`, 'm'));
  });

  it('talks to the host by its link-local address, over TCP and UDP [RFC 4007 §6]', async function () {
    needs(this, 'curl');
    await net.up('--tap', 'tap0', '--mac', MAC, ...ADDRESSES, '--service', 'echo', '--service', 'http');
    await net.sh(`for i in $(seq 50); do ping -6 -c 1 -W 1 ${LINK_LOCAL}%tap0 && break; sleep 0.1; done`, 20);
    const tcp = await net.sh(`curl -gsS --max-time 20 'http://[${LINK_LOCAL}%25tap0]/bytes/100000' | wc -c`, 25);
    expect(tcp.out.trim()).to.equal('100000');
    needs(this, 'ncat');
    const udp = await net.sh(`(echo hello; sleep 2) | timeout 10 ncat -6 -u ${LINK_LOCAL}%tap0 7 | head -n 1`, 15);
    expect(udp.out).to.equal('hello\n');
  });

  it('has an address already: the host finds the duplicate, and does not use it [RFC 4862 §5.4]', async () => {
    // The kernel's own address is not checked, and so there from the beginning.
    await net.sh('echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad');
    await net.up('--tap', 'tap0', '--mac', MAC, ...ADDRESSES, '--address', '2001:db8::1/64');
    await net.reaches('2001:db8::2');
    const told = net.events.filter(({ event }) => event === 'log').map(({ message }) => message);
    expect(told).to.deep.equal(["2001:db8::1 on tap0 is another host's too, and not used"]);
  });
});
