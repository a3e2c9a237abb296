import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Namespace, needs, skipWithoutKernel } from './namespace.js';

const DEVICES = [
  { title: 'a TAP with offloads', args: ['--tap', 'tap0'] },
  { title: 'a TAP without', args: ['--tap', 'tap0', '--no-offload'] },
  { title: 'a TUN', args: ['--tun', 'tun0'] },
] as const;
const SERVICES = ['echo', 'discard', 'daytime', 'chargen', 'http'].flatMap((name) => ['--service', name]);
const ADDRESSES = ['--address', '10.0.0.2/24', '--kernel-address', '10.0.0.1/24'];
const FAMILIES = [
  {
    family: 'IPv4',
    host: '10.0.0.2',
    addresses: ADDRESSES,
    ping: 'ping',
    ncat: 'ncat',
    parallel: { count: 100, word: 'a hundred' },
    clause: { echo: 'RFC 1122 §3.2.2.6', fragments: 'RFC 791 §3.2', port: 'RFC 1122 §4.1.3.1' },
  },
  {
    family: 'IPv6',
    host: '2001:db8::2',
    addresses: ['--address', '2001:db8::2/64', '--kernel-address', '2001:db8::1/64'],
    ping: 'ping -6',
    ncat: 'ncat -6',
    parallel: { count: 20, word: 'twenty' },
    clause: { echo: 'RFC 4443 §4.2', fragments: 'RFC 8200 §4.5', port: 'RFC 4443 §3.1' },
  },
] as const;

/** What iperf3 -J tells, as far as it is looked at. */
interface Iperf3Report {
  readonly error?: string;
  readonly end: {
    readonly streams: readonly {
      readonly sender: { readonly bytes: number };
      readonly receiver: { readonly bytes: number };
      readonly udp?: { readonly bytes: number };
    }[];
  };
}

for (const { title, args } of DEVICES) {
  for (const { family, host, addresses, ping, ncat, parallel, clause } of FAMILIES) {
    describe(`the Linux kernel across ${title}, over ${family}`, function () {
      this.timeout(60_000);
      const url = `http://${host.includes(':') ? `[${host}]` : host}`;
      let net: Namespace;

      before(async function () {
        skipWithoutKernel(this);
        net = new Namespace();
        await net.up(...args, ...addresses, ...SERVICES);
        await net.reaches(host);
      });
      after(async () => net?.remove());

      it(`pings it 1000 times at 2 ms and loses nothing [${clause.echo}]`, async function () {
        needs(this, 'ping');
        const { out } = await net.sh(`${ping} -c 1000 -i 0.002 -q ${host}`);
        expect(out).to.contain('1000 packets transmitted, 1000 received, 0% packet loss');
      });

      it(`pings it with 60,000 octets: fragments both ways [${clause.fragments}]`, async function () {
        needs(this, 'ping');
        const { out } = await net.sh(`${ping} -c 5 -i 0.1 -s 60000 -q ${host}`);
        expect(out).to.contain('5 packets transmitted, 5 received');
      });

      it(`fetches 10 MB ${parallel.word} times in parallel, intact`, async function () {
        needs(this, 'curl');
        const { out } = await net.sh(
          `for i in $(seq ${parallel.count}); do curl -gsS --max-time 50 '${url}/bytes/10000000' | sha256sum & done; wait`,
          55,
        );
        const right = createHash('sha256')
          .update(Uint8Array.from({ length: 10_000_000 }, (_, i) => i % 251))
          .digest('hex');
        expect(out.trim().split('\n')).to.deep.equal(new Array(parallel.count).fill(`${right}  -`));
      });

      it('uploads, and hears the right hash', async function () {
        needs(this, 'curl');
        const { out } = await net.sh(
          `f=$(mktemp); head -c 5000001 /dev/urandom > $f; sha256sum < $f | cut -d" " -f1; curl -gsS --max-time 30 -T $f '${url}/sha256'; rm $f`,
        );
        const [wanted, heard] = out.trim().split('\n');
        expect(heard).to.equal(wanted);
      });

      it('closes one half and still hears all of the other [RFC 9293 §3.6]', async function () {
        needs(this, 'ncat');
        const { out } = await net.sh(
          `f=$(mktemp); head -c 3000000 /dev/urandom > $f; ${ncat} ${host} 7 < $f | cmp - $f && echo same; rm $f`,
        );
        expect(out.trim()).to.equal('same');
        const { out: time } = await net.sh(`${ncat} ${host} 13 < /dev/null`);
        expect(time).to.match(/\d\d:\d\d:\d\d GMT/);
      });

      it(`is refused at once by a closed port, and told of a closed UDP port [RFC 9293 §3.10.7.1, ${clause.port}]`, async function () {
        needs(this, 'ncat');
        const tcp = await net.sh(`${ncat} ${host} 81 < /dev/null`, 20);
        expect(tcp.err).to.contain('Connection refused');
        const udp = await net.sh(`for i in $(seq 100); do echo x || break; sleep 0.1; done | ${ncat} -u ${host} 81`, 20);
        expect(udp.err).to.contain('Connection refused');
      });

      it('has its datagrams echoed [RFC 862]', async function () {
        needs(this, 'bash');
        const { out } = await net.sh(`bash -c 'exec 3<>/dev/udp/${host}/7; echo hello >&3; timeout 10 head -n 1 <&3'`, 15);
        expect(out).to.equal('hello\n');
      });

      it('is answered with 4xx for a wrong request', async function () {
        needs(this, 'curl');
        const { out } = await net.sh(
          `for p in nope bytes/x bytes/99999999999999; do curl -gsS -o /dev/null -w "%{http_code} " '${url}'/$p; done; curl -gsS -o /dev/null -w "%{http_code}" -X DELETE '${url}/sha256'`,
        );
        expect(out).to.equal('404 400 400 405');
      });
    });
  }
}

describe('the iperf3 service', function () {
  this.timeout(60_000);
  let net: Namespace;

  before(async function () {
    skipWithoutKernel(this);
    net = new Namespace();
    await net.up('--tap', 'tap0', ...ADDRESSES, '--service', 'iperf3');
  });
  after(async () => net?.remove());

  for (const options of ['-t 1', '-t 1 -R', '-t 1 --bidir -P 2', '-n 10M -R', '-u -b 20M -t 1', '-u -b 20M -t 1 -R', '-C reno -t 1 -R']) {
    it(`is measured by iperf3 ${options}, and both ends count alike`, async function () {
      needs(this, 'iperf3');
      const { out } = await net.sh(`timeout 20 iperf3 -J -c 10.0.0.2 ${options}`, 25);
      const { end, error } = JSON.parse(out) as Iperf3Report;
      expect(error).to.equal(undefined);
      const streams = end.streams.map(({ sender, receiver, udp }) => (udp === undefined ? [sender.bytes, receiver.bytes] : [udp.bytes]));
      expect(streams).to.have.length(options.includes('-P 2') ? 4 : 1);
      for (const [sent = 0, received = sent] of streams) {
        expect(received).to.be.greaterThan(0);
        expect(sent).to.be.at.least(received);
      }
    });
  }

  it('is no server for iperf3 of what is not its protocol, and serves on', async function () {
    needs(this, 'ncat', 'iperf3');
    await net.sh('head -c 1000 /dev/zero | timeout 5 ncat 10.0.0.2 5201 >/dev/null; true');
    const { out } = await net.sh('timeout 20 iperf3 -J -c 10.0.0.2 -n 1M', 25);
    expect((JSON.parse(out) as Iperf3Report).error).to.equal(undefined);
  });
});

describe('protoloom up', function () {
  this.timeout(30_000);
  let net: Namespace;

  before(function () {
    skipWithoutKernel(this);
    net = new Namespace();
  });
  after(async () => net?.remove());

  it('tells that it serves, with interfaces and services; ends on SIGINT, and removes what it made', async () => {
    const ready = await net.up('--tap', 'tap0', '--mtu', '1400', '--mac', '02:00:00:00:00:42', ...ADDRESSES, '--service', 'http:8080');
    const tap = ready.interfaces.find(({ name }) => name === 'tap0');
    expect(tap).to.include({ mac: '02:00:00:00:00:42', mtu: 1400 });
    expect(tap?.addresses).to.deep.equal(['fe80::ff:fe00:42/64', '10.0.0.2/24']);
    expect(ready.services).to.deep.equal([{ name: 'http', port: 8080, protocols: ['tcp'] }]);
    expect((await net.sh('ip link show tap0')).code).to.equal(0);
    expect(await net.down('SIGINT')).to.equal(0);
    expect((await net.sh('ip link show tap0')).code).to.not.equal(0);
  });

  it('writes what tshark reads', async function () {
    needs(this, 'tshark', 'ping');
    await net.up('--tap', 'tap0', ...ADDRESSES, '--pcap', `/tmp/${net.name}.pcapng`);
    await net.sh('ping -c 1 10.0.0.2');
    await net.down();
    const { out } = await net.sh(
      `tshark -r /tmp/${net.name}.pcapng -Y icmp -T fields -e icmp.type 2>/dev/null; rm /tmp/${net.name}.pcapng`,
    );
    expect(out.trim().split('\n')).to.deep.equal(['8', '0']);
  });

  for (const [what, args, message] of [
    ['a sysctl that is not there', ['--tap', 'tap9', '--sysctl', 'net.ipv4.nope=1'], /there is no sysctl net\.ipv4\.nope/],
    ['a gateway that is nowhere', ['--tap', 'tap9', '--gateway', '10.9.9.9'], /is on no link/],
  ] as const) {
    it(`answers ${what} with one line and code 2`, async () => {
      const error = await net.up(...args).catch((reason: unknown) => String(reason));
      expect(error)
        .to.match(/ended with 2: protoloom: /)
        .and.match(message);
      expect(String(error).trim().split('\n')).to.have.length(1);
    });
  }
});
