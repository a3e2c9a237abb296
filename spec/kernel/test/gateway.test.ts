import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

const SERVICES = ['echo', 'http'].flatMap((name) => ['--service', name]);
/** Of the link behind the kernel. */
const MTU = 1400;
/** A datagram that a link of 1500 octets has room for, and that one has not. */
const DATAGRAM = 1440;

const FAMILIES = [
  {
    family: 'IPv4',
    host: '10.0.0.2',
    url: 'http://10.0.0.2',
    args: ['--address', '10.0.0.2/24', '--kernel-address', '10.0.0.1/24', '--gateway', '10.0.0.1'],
    forwarding: 'net.ipv4.ip_forward',
    near: '10.0.1.1/24',
    far: ['10.0.1.2', '10.0.1.3'],
    length: 24,
    // As if its own link had room for more than the path.
    route: 'default via 10.0.1.1 advmss 1460',
    tooBigs: 'grep ^Icmp: /proc/net/snmp | awk "NR==1{for(i=1;i<=NF;i++)if(\\$i==\\"OutDestUnreachs\\")c=i} NR==2{print \\$c}"',
    clause: 'RFC 1191 §3',
  },
  {
    family: 'IPv6',
    host: '2001:db8::2',
    url: 'http://[2001:db8::2]',
    args: ['--address', '2001:db8::2/64', '--kernel-address', '2001:db8::1/64', '--gateway', '2001:db8::1'],
    forwarding: 'net.ipv6.conf.all.forwarding',
    near: '2001:db8:1::1/64',
    far: ['2001:db8:1::2', '2001:db8:1::3'],
    length: 64,
    route: 'default via 2001:db8:1::1 advmss 1440',
    tooBigs: 'awk "/Icmp6OutPktTooBigs/{print \\$2}" /proc/net/snmp6',
    clause: 'RFC 8201 §4',
  },
] as const;

for (const { family, host, url, args, forwarding, near, far, length, route, tooBigs, clause } of FAMILIES) {
  describe(`a host behind the kernel that is the gateway, on a link of ${MTU} octets, over ${family}`, function () {
    this.timeout(60_000);
    let router: Namespace;
    let peer: Namespace;
    const reported = async (): Promise<number> => Number((await router.sh(tooBigs)).out);

    before(async function () {
      skipWithoutKernel(this);
      needs(this, 'ping', 'curl', 'sysctl');
      router = new Namespace();
      peer = new Namespace();
      await router.sh(
        `sysctl -qw ${forwarding}=1; ip link add far mtu ${MTU} type veth peer name near mtu ${MTU} netns ${peer.name}; ip link set far up; ip addr add ${near} dev far`,
      );
      const addresses = far.map((address) => `ip addr add ${address}/${length} dev near`).join('; ');
      await peer.sh(`ip link set near up; ${addresses}`);
      // A source has to be checked first: RFC 4862 §5.4.
      await peer.holds(`ip route add ${route} dev near src ${far[0]} 2>&1`);
      await router.up('--tap', 'tap0', ...args, ...SERVICES);
      await peer.reaches(host);
    });
    after(async () => {
      await router?.remove();
      await peer?.remove();
    });

    it('is answered through the gateway', async () => {
      const { out } = await peer.sh(`ping -c 3 -i 0.1 -q ${host}`);
      expect(out).to.contain('3 packets transmitted, 3 received');
    });

    // The path's MTU is that to an address: each asks from another, of whose path nothing is known yet.
    it(`fetches 5 MB, in segments that the path has room for once it is known [${clause}]`, async () => {
      const before = await reported();
      const { out } = await peer.sh(`curl -gsS --interface ${far[1]} --max-time 40 '${url}/bytes/5000000' | wc -c`, 45);
      expect(out.trim()).to.equal('5000000');
      expect((await reported()) - before).to.be.within(1, 100);
    });

    it(`has its datagrams echoed in fragments, once the path's MTU is known [${clause}]`, async () => {
      const before = await reported();
      const echo = `exec 3<>/dev/udp/${host}/7; head -c ${DATAGRAM} /dev/zero >&3; timeout 1 head -c ${DATAGRAM} <&3 | wc -c`;
      await peer.holds(`bash -c '${echo}' | grep -x ${DATAGRAM}`);
      expect((await reported()) - before).to.be.within(1, 100);
    });
  });
}
