import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

const ADDRESSES = ['--address', '2001:db8::2/64', '--kernel-address', '2001:db8::1/64'];
const SERVICES = ['echo', 'http'].flatMap((name) => ['--service', name]);
/** What `--mac` gives by RFC 2464 §5. */
const MAC = '02:00:00:00:00:42';
const LINK_LOCAL = 'fe80::ff:fe00:42';

for (const { title, args } of [
  { title: 'a TAP with offloads', args: ['--tap', 'tap0', '--mac', MAC] },
  { title: 'a TAP without', args: ['--tap', 'tap0', '--mac', MAC, '--no-offload'] },
  { title: 'a TUN', args: ['--tun', 'tun0'] },
] as const) {
  describe(`the Linux kernel across ${title}, over IPv6`, function () {
    this.timeout(60_000);
    let net: Namespace;

    before(async function () {
      skipWithoutKernel(this);
      net = new Namespace();
      await net.up(...args, ...ADDRESSES, ...SERVICES);
      // Until both ends have checked their addresses: RFC 4862 §5.4.
      await net.sh('for i in $(seq 100); do ping -6 -c 1 -W 1 2001:db8::2 && break; sleep 0.1; done', 20);
    });
    after(async () => net?.remove());

    it('pings it 500 times at 2 ms and loses nothing [RFC 4443 §4.2]', async function () {
      needs(this, 'ping');
      const { out } = await net.sh('ping -6 -c 500 -i 0.002 -q 2001:db8::2');
      expect(out).to.contain('500 packets transmitted, 500 received, 0% packet loss');
    });

    it('pings it with 60,000 octets: fragments both ways [RFC 8200 §4.5]', async function () {
      needs(this, 'ping');
      const { out } = await net.sh('ping -6 -c 5 -i 0.1 -s 60000 -q 2001:db8::2');
      expect(out).to.contain('5 packets transmitted, 5 received');
    });

    it('fetches 10 MB twenty times in parallel, intact', async function () {
      needs(this, 'curl');
      const { out } = await net.sh(
        "for i in $(seq 20); do curl -gsS --max-time 50 'http://[2001:db8::2]/bytes/10000000' | sha256sum & done; wait",
        55,
      );
      const right = createHash('sha256')
        .update(Uint8Array.from({ length: 10_000_000 }, (_, i) => i % 251))
        .digest('hex');
      expect(out.trim().split('\n')).to.deep.equal(new Array(20).fill(`${right}  -`));
    });

    it('has its datagrams echoed [RFC 862]', async function () {
      needs(this, 'bash');
      const { out } = await net.sh("bash -c 'exec 3<>/dev/udp/2001:db8::2/7; echo hello >&3; timeout 10 head -n 1 <&3'", 15);
      expect(out).to.equal('hello\n');
    });

    it('is refused by a closed port, and told of a closed UDP port [RFC 9293 §3.10.7.1, RFC 4443 §3.1]', async function () {
      needs(this, 'ncat');
      const tcp = await net.sh('ncat -6 2001:db8::2 81 < /dev/null', 20);
      expect(tcp.err).to.contain('Connection refused');
      const udp = await net.sh('for i in $(seq 100); do echo x || break; sleep 0.1; done | ncat -6 -u 2001:db8::2 81', 20);
      expect(udp.err).to.contain('Connection refused');
    });
  });
}

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

  it('has an address already: the host finds the duplicate, and does not use it [RFC 4862 §5.4]', async () => {
    // The kernel's own address is not checked, and so there from the beginning.
    await net.sh('echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad');
    await net.up('--tap', 'tap0', '--mac', MAC, ...ADDRESSES, '--address', '2001:db8::1/64');
    await net.sh('for i in $(seq 50); do ping -6 -c 1 -W 1 2001:db8::2 && break; sleep 0.1; done', 20);
    const told = net.events.filter(({ event }) => event === 'log').map(({ message }) => message);
    expect(told).to.deep.equal(["2001:db8::1 on tap0 is another host's too, and not used"]);
  });
});

describe('radvd and autoconfiguration [RFC 4862]', function () {
  this.timeout(60_000);
  let net: Namespace;
  const file = (): string => `/tmp/${net.name}.radvd`;

  before(async function () {
    skipWithoutKernel(this);
    needs(this, 'radvd', 'ping');
    net = new Namespace();
    // The device is there before the host, so that radvd has where to listen.
    await net.sh('ip tuntap add tap0 mode tap; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip link set tap0 up');
  });
  after(async () => {
    await net?.sh(`test -f ${file()}.pid && kill $(cat ${file()}.pid); rm -f ${file()}*`);
    await net?.remove();
  });

  it('give the host address, router, hop limit and MTU; the router reaches it, and is followed when it goes', async () => {
    await net.sh(`cat > ${file()} <<'END'
interface tap0 {
  AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvLinkMTU 1400; AdvCurHopLimit 55; IgnoreIfMissing on;
  prefix 2001:db8:5::/64 { AdvOnLink on; AdvAutonomous on; AdvValidLifetime 600; AdvPreferredLifetime 300; };
};
END`);
    const ready = net.up('--tap', 'tap0', '--mac', MAC, '--kernel-address', '2001:db8:5::1/64', '--slaac', ...SERVICES);
    await net.sh(`sleep 0.5; radvd -C ${file()} -p ${file()}.pid -m none`);
    const { interfaces } = await ready;
    const made = '2001:db8:5::ff:fe00:42';
    expect(interfaces.find(({ name }) => name === 'tap0')?.addresses).to.include(`${made}/64`);
    const { out } = await net.sh(`for i in $(seq 50); do ping -6 -c 1 -W 1 ${made} && break; sleep 0.1; done`, 20);
    expect(out).to.contain(' 0% packet loss').and.to.contain('ttl=55');
    // From an address that only the router's route leads to, in packets of the MTU that it tells.
    await net.sh('ip addr add 2001:db8:6::1/128 dev lo');
    const fetched = await net.sh(`curl -gsS --interface 2001:db8:6::1 --max-time 20 'http://[${made}]/bytes/100000' | wc -c`);
    expect(fetched.out.trim()).to.equal('100000');
    // Ended, it says that it is no router any more: RFC 4861 §6.2.5.
    await net.sh(`kill $(cat ${file()}.pid); sleep 0.5`);
    const gone = await net.sh(`curl -gsS --interface 2001:db8:6::1 --max-time 2 'http://[${made}]/bytes/10'`);
    expect(gone.code).to.not.equal(0);
  });
});
