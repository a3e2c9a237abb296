import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

/** What `--mac` gives by RFC 2464 §5. */
const MAC = '02:00:00:00:00:42';
const IDENTIFIER = 'ff:fe00:42';
const KERNEL = [5, 6].flatMap((prefix) => ['--kernel-address', `2001:db8:${prefix}::1/64`]);
const FAR = '2001:db8:99::1';

/** Of one prefix: `valid` and `preferred` s. */
interface Advertised {
  readonly prefix: number;
  readonly valid: number;
  readonly preferred: number;
}

describe('radvd and autoconfiguration [RFC 4861 §6.3, RFC 4862 §5.5]', function () {
  this.timeout(60_000);
  let net: Namespace;
  const file = (): string => `/tmp/${net.name}.radvd`;
  const made = (prefix: number): string => `2001:db8:${prefix}::${IDENTIFIER}`;

  /** Writes radvd's configuration. */
  const advertises = (prefixes: readonly Advertised[], more = ''): Promise<unknown> =>
    net.sh(`cat > ${file()} <<'END'
interface tap0 {
  AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvLinkMTU 1400; AdvCurHopLimit 55; IgnoreIfMissing on; ${more}
${prefixes
  .map(
    ({ prefix, valid, preferred }) => `  prefix 2001:db8:${prefix}::/64 { AdvValidLifetime ${valid}; AdvPreferredLifetime ${preferred}; };`,
  )
  .join('\n')}
  RDNSS 2001:db8:5::53 { AdvRDNSSLifetime 300; };
  DNSSL example.org { AdvDNSSLLifetime 300; };
};
END`);

  before(async function () {
    skipWithoutKernel(this);
    needs(this, 'radvd', 'ping', 'curl');
    net = new Namespace();
    // The device is there before the host, so that radvd has where to listen.
    await net.sh(
      `ip tuntap add tap0 mode tap; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip link set tap0 up; ip addr add ${FAR}/128 dev lo`,
    );
    await advertises([5, 6].map((prefix) => ({ prefix, valid: 600, preferred: 300 })));
    const ready = net.up('--tap', 'tap0', '--mac', MAC, ...KERNEL, '--slaac', '--service', 'http');
    await net.sh(`radvd -C ${file()} -p ${file()}.pid -m none`);
    await ready;
  });
  after(async () => {
    await net?.sh(`test -f ${file()}.pid && kill $(cat ${file()}.pid); rm -f ${file()}*`);
    await net?.remove();
  });

  /** The address from which the host answers a question to all nodes that comes from the first prefix: its choice (RFC 6724). */
  const answersFrom = (source: string): Promise<string> =>
    net.holds(`ping -6 -L -c 1 -W 1 -I 2001:db8:5::1 ff02::1%tap0 | grep 'from ${source}'`);

  it('give it an address in each prefix, and the hop limit', async () => {
    for (const prefix of [5, 6]) {
      const answer = await net.holds(`ping -6 -c 1 -W 1 ${made(prefix)}`);
      expect(answer).to.contain('ttl=55');
    }
  });

  it('give it the default route, and the MTU: what it sends has room in it', async () => {
    const fetched = await net.sh(`curl -gsS --interface ${FAR} --max-time 20 'http://[${made(5)}]/bytes/100000' | wc -c`);
    expect(fetched.out.trim()).to.equal('100000');
    const { out } = await net.sh(`ping -6 -c 1 -W 2 -s 1400 ${made(5)} && cat /proc/net/snmp6 | grep Ip6ReasmOKs`);
    // 1448 octets went there whole, and came back in two fragments.
    expect(out).to.match(/Ip6ReasmOKs\s+[1-9]/);
  });

  it('tell it of DNS servers and search domains [RFC 8106 §5]', async () => {
    const { servers } = await net.event(({ event, servers: found = [] }) => event === 'resolvers' && found.length > 0);
    expect(servers).to.deep.equal(['2001:db8:5::53']);
    const { domains } = await net.event(({ event, domains: found = [] }) => event === 'resolvers' && found.length > 0);
    expect(domains).to.deep.equal(['example.org']);
  });

  it('are followed when they deprecate a prefix: another source is chosen, the address still answers [RFC 4862 §5.5.4]', async () => {
    await answersFrom(made(5));
    await advertises([
      { prefix: 5, valid: 600, preferred: 0 },
      { prefix: 6, valid: 600, preferred: 300 },
    ]);
    await net.sh(`kill -HUP $(cat ${file()}.pid)`);
    await answersFrom(made(6));
    await net.reaches(made(5));
  });

  it('cannot end an address at once, by a valid lifetime of 0 [RFC 4862 §5.5.3 (e)], but its prefix', async () => {
    await advertises([
      { prefix: 5, valid: 600, preferred: 300 },
      { prefix: 6, valid: 0, preferred: 0 },
    ]);
    await net.sh(`kill -HUP $(cat ${file()}.pid)`);
    // It has been heard when the other prefix is preferred again.
    await answersFrom(made(5));
    await net.reaches(made(6));
  });

  it('are no way any more when they end [RFC 4861 §6.2.5]', async () => {
    const fetch = `curl -gsS --interface ${FAR} --max-time 2 -o /dev/null 'http://[${made(5)}]/bytes/10'`;
    await net.holds(fetch);
    await net.sh(`kill $(cat ${file()}.pid)`);
    await net.holds(`! ${fetch} 2>/dev/null`);
    await net.reaches(made(5));
  });
});
