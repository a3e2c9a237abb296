import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { has, Namespace, skipWithoutKernel } from './namespace.js';

const MEMBERS = fileURLToPath(new URL('members.js', import.meta.url));

const MAC = '02:00:00:00:00:42';

/** A bridge that asks for members, with the host's device and the kernel on it. */
async function bridged(version: { readonly igmp: number; readonly mld: number }): Promise<Namespace> {
  const net = new Namespace();
  const { code, err } = await net.sh(
    [
      'ip tuntap add dev tap0 mode tap',
      `ip link add br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_query_use_ifaddr 1 mcast_igmp_version ${version.igmp} mcast_mld_version ${version.mld}`,
      'ip link set tap0 master br0 up',
      'ip address add 10.0.0.1/24 dev br0',
      'ip address add 10.0.0.9/24 dev br0',
      'ip -6 address add fe80::1/64 dev br0 nodad',
      'ip -6 address add fe80::9/64 dev br0 nodad',
      'ip link set br0 up',
      'ip route add 239.0.0.0/8 dev br0',
    ].join(' && '),
  );
  expect(code, err).to.equal(0);
  return net;
}

/** Whether the bridge has, or has no more, the group on the host's port, within so many seconds. */
async function members(net: Namespace, group: string, there: boolean, seconds = 10): Promise<boolean> {
  const { code } = await net.sh(
    `for i in $(seq ${seconds * 10}); do bridge mdb show dev br0 | grep -q 'port tap0 grp ${group} ' ${there ? '' : '|| exit 0'} ${there ? '&& exit 0' : ''}; sleep 0.1; done; exit 1`,
    seconds + 5,
  );
  return code === 0;
}

/** Fields of the frames of a capture that a display filter lets through, one string each. */
async function captured(net: Namespace, filter: string, field: string): Promise<string[]> {
  const { out } = await net.sh(
    `tshark -r /tmp/${net.name}.pcapng -Y '${filter}' -T fields -e ${field} 2>/dev/null; rm /tmp/${net.name}.pcapng`,
  );
  return out.trim().split('\n');
}

const FAMILIES = [
  {
    title: 'IGMP',
    group: '239.1.2.3',
    args: ['--address', '10.0.0.2/24', '--group', '239.1.2.3'],
    forced: 'net.ipv4.conf.all.force_igmp_version',
    /** Version, its report, and what its leave is; version 1 has none. */
    versions: [
      [3, '0x22', '0x22'],
      [2, '0x16', '0x17'],
      [1, '0x12', undefined],
    ],
    host: '10.0.0.2/24',
    from: ['10.0.0.1', '10.0.0.9'],
    filter: `eth.src == ${MAC} && igmp`,
    field: 'igmp.type',
  },
  {
    title: 'MLD',
    group: 'ff05::1234',
    args: ['--address', 'fe80::2/64', '--group', 'ff05::1234'],
    forced: 'net.ipv6.conf.all.force_mld_version',
    versions: [
      [2, '143', '143'],
      [1, '131', '132'],
    ],
    host: 'fe80::2/64',
    from: ['fe80::1%br0', 'fe80::9%br0'],
    filter: `eth.src == ${MAC} && (icmpv6.type == 131 || icmpv6.type == 132 || icmpv6.type == 143)`,
    field: 'icmpv6.type',
  },
] as const;

for (const { title, group, args, forced, versions, host, from, filter, field } of FAMILIES) {
  describe(`the kernel’s bridge, which asks for members by ${title}`, function () {
    this.timeout(60_000);
    let net: Namespace;

    before(function () {
      skipWithoutKernel(this);
      if (!has('bridge') || !has('tshark')) this.skip();
    });
    afterEach(async () => net?.remove());

    for (const [version, report, leave] of versions) {
      it(`sees the host join and leave by version ${version}`, async () => {
        net = await bridged({ igmp: Math.max(2, version), mld: Math.min(2, version) });
        await net.up('--tap', 'tap0', '--mac', MAC, ...args, '--sysctl', `${forced}=${version}`, '--pcap', `/tmp/${net.name}.pcapng`);
        expect(await members(net, group, true)).to.equal(true);
        await net.down();
        if (leave !== undefined) expect(await members(net, group, false)).to.equal(true);
        const types = new Set(await captured(net, filter, field));
        expect(types).to.deep.equal(new Set(leave === undefined ? [report] : [report, leave]));
      });
    }

    it('sends to a group what each member socket gets a copy of, but those that block its source, and no other socket', async function () {
      if (!has('ncat')) this.skip();
      net = await bridged({ igmp: 3, mld: 2 });
      const [first, blocked] = from;
      const send = (text: string, source: string): string => `echo ${text} | ncat -u --send-only -s ${source} ${group} 5000`;
      const { out } = await net.sh(
        [
          'f=$(mktemp)',
          `${process.execPath} ${MEMBERS} ${host} ${group} ${blocked.replace('%br0', '')} > $f & pid=$!`,
          'for i in $(seq 100); do bridge mdb show dev br0 | grep -q "port tap0" && break; sleep 0.1; done',
          send('one', first),
          send('two', blocked),
          'sleep 0.5; kill $pid; wait $pid; cat $f; rm $f',
        ].join('\n'),
      );
      expect(out.trim().split('\n').toSorted()).to.deep.equal([
        'a member that blocks: one',
        'another member: one',
        'another member: two',
        'member: one',
        'member: two',
        'ready',
      ]);
    });

    it('finds the host answering in the version that it asks in', async () => {
      const [, [, report]] = versions;
      net = await bridged({ igmp: 2, mld: 1 });
      await net.up('--tap', 'tap0', '--mac', MAC, ...args, '--pcap', `/tmp/${net.name}.pcapng`);
      expect(await members(net, group, true)).to.equal(true);
      // Startup queries are a quarter of the interval apart: the first comes when the port comes up.
      await net.sh('ip link set br0 type bridge mcast_querier 0; ip link set br0 type bridge mcast_querier 1; sleep 11', 20);
      await net.down();
      expect(await captured(net, filter, field)).to.include(report);
    });
  });
}
