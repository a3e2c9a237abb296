// What TCP tells a controller of an outsider, in conversations whose every packet is written down; and what it makes of the answers.
import { attach, definePlugin } from '@protoloom/contracts';
import { type AckEvent, CONGESTION_CONTROL, type CongestionControl, type Controller, type LostPacket } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import { runScript } from '@protoloom/packetdrill';
import { dctcp } from '@protoloom/scenarios';
import { expect } from 'chai';

interface Heard {
  readonly acks: AckEvent[];
  readonly losses: LostPacket[];
}

/** A controller with a window that stays, and what it was told: copies, since the records are TCP's. */
function listening(ecn?: CongestionControl['ecn']): { plugin: ReturnType<typeof definePlugin>; heard: Heard } {
  const heard: Heard = { acks: [], losses: [] };
  const plugin = definePlugin({
    name: '@example/listening',
    version: '0.1.0',
    api: '^1.0.0',
    attaches: { control: attach(CONGESTION_CONTROL, 'listening', '^1.0') },
    create: () => ({
      handlers: {
        control: {
          name: 'listening',
          drive: 'window' as const,
          ...(ecn === undefined ? {} : { ecn }),
          create: (): Controller => ({
            onAck: (ack) => heard.acks.push({ ...ack }),
            onCongestion: () => undefined,
            onLost: (packet) => heard.losses.push({ ...packet }),
          }),
        },
      },
    }),
  });
  return { plugin, heard };
}

/** Plays a script on a host with one plugin more. */
function play(plugin: ReturnType<typeof definePlugin>, script: string): void {
  const result = runScript(script, { stack: [...linuxHost, plugin] });
  const { status, line, reason, mismatches } = result;
  expect(
    status,
    `line ${line}: ${reason} ${mismatches.map(({ field, expected, actual }) => `${field} ${expected}, was ${actual}`).join('; ')}`,
  ).to.equal('pass');
}

/** A connection that the peer opened, without delayed acknowledgements in the way of what comes. @param syn options of the SYN. */
const accepted = (controller: string, syn: string, synAck: string, ack: string): string => `
\`ip link set dev tun0 gso_max_segs 1
sysctl -q net.ipv4.tcp_congestion_control=${controller}
sysctl -q net.ipv4.tcp_pingpong_thresh=1\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < ${syn}
+0 > ${synAck}
+0.02 < ${ack}
+0 accept(3, ..., ...) = 4
`;
const PLAIN = ['S 0:0(0) win 65535 <mss 1000,nop,nop,sackOK>', 'S. 0:0(0) ack 1 <...>', '. 1:1(0) ack 1 win 4000'] as const;

describe('what a controller is told', () => {
  it('owdUs follows TSval less TSecr, and is none without timestamps [RFC 6817 §3.4.2]', () => {
    const { plugin, heard } = listening();
    play(
      plugin,
      `--tcp_ts_tick_usecs=1000${accepted(
        'listening',
        'S 0:0(0) win 65535 <mss 1012,sackOK,TS val 5000 ecr 0>',
        'S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 10 ecr 5000>',
        '. 1:1(0) ack 1 win 65535 <nop,nop,TS val 5020 ecr 10>',
      )}
+0 write(4, ..., 1000) = 1000
+0 > P. 1:1001(1000) ack 1 <nop,nop,TS val 30 ecr 5020>
+0.02 < . 1:1(0) ack 1001 win 65535 <nop,nop,TS val 5040 ecr 30>
+0 write(4, ..., 1000) = 1000
+0 > P. 1001:2001(1000) ack 1 <nop,nop,TS val 50 ecr 5040>
+0.05 < . 1:1(0) ack 2001 win 65535 <nop,nop,TS val 5090 ecr 50>
+0 write(4, ..., 1000) = 1000
+0 > P. 2001:3001(1000) ack 1 <nop,nop,TS val 100 ecr 5090>
+0.01 < . 1:1(0) ack 3001 win 65535 <nop,nop,TS val 5105 ecr 100>
`,
    );
    const [first, second, third] = heard.acks.slice(-3).map(({ owdUs }) => owdUs) as [number, number, number];
    expect([second - first, third - first], 'later than the first').to.deep.equal([30_000, -5000]);
    expect(third).to.be.greaterThan(0);
    const without = listening();
    play(
      without.plugin,
      `${accepted('listening', ...PLAIN)}
+0 write(4, ..., 1000) = 1000
+0 > P. 1:1001(1000) ack 1
+0.02 < . 1:1(0) ack 1001 win 65535
`,
    );
    expect(without.heard.acks.at(-1)?.owdUs).to.equal(-1);
  });

  it('ackDelayed: a lone packet that is not full; not of a full one [RFC 9002 §5.3 has the like]', () => {
    const { plugin, heard } = listening();
    play(
      plugin,
      `${accepted('listening', ...PLAIN)}
+0 write(4, ..., 100) = 100
+0 > P. 1:101(100) ack 1
+0.05 < . 1:1(0) ack 101 win 65535
+0 write(4, ..., 1000) = 1000
+0 > P. 101:1101(1000) ack 1
+0.05 < . 1:1(0) ack 1101 win 65535
`,
    );
    expect(heard.acks.slice(-2).map(({ ackDelayed }) => ackDelayed)).to.deep.equal([true, false]);
  });

  it('tlp: what acknowledges a probe that was a retransmission, and nothing else [RFC 8985 §7.4]', () => {
    const { plugin, heard } = listening();
    play(
      plugin,
      `${accepted('listening', ...PLAIN)}
+0 write(4, ..., 2000) = 2000
+0 > . 1:1001(1000) ack 1
+0 > P. 1001:2001(1000) ack 1
+0.02 < . 1:1(0) ack 1001 win 65535
+0.1~+0.4 > P. 1001:2001(1000) ack 1
+0.02 < . 1:1(0) ack 2001 win 65535
`,
    );
    expect(heard.acks.slice(-2).map(({ tlp }) => tlp)).to.deep.equal([false, true]);
  });

  it('a lost packet comes with what was delivered and lost when it left, and whether there was more to send [contract, LostPacket]', () => {
    const { plugin, heard } = listening();
    play(
      plugin,
      `${accepted('listening', ...PLAIN)}
+0 write(4, ..., 8000) = 8000
+0 > . 1:1001(1000) ack 1
+0 > . 1001:2001(1000) ack 1
+0 > P. 2001:3001(1000) ack 1
+0 > . 3001:4001(1000) ack 1
+0.02 < . 1:1(0) ack 4001 win 4000
+0 > . 4001:5001(1000) ack 1
+0 > P. 5001:6001(1000) ack 1
+0 > . 6001:7001(1000) ack 1
+0 > P. 7001:8001(1000) ack 1
+0.02 < . 1:1(0) ack 4001 win 4000 <nop,nop,sack 5001:8001>
+0~+0.02 > . 4001:5001(1000) ack 1
+0.02 < . 1:1(0) ack 8001 win 4000
+0.001 write(4, ..., 3000) = 3000
+0 > . 8001:9001(1000) ack 1
+0 > . 9001:10001(1000) ack 1
+0 > P. 10001:11001(1000) ack 1
+0.02 < . 1:1(0) ack 8001 win 4000 <nop,nop,sack 9001:11001>
+0~+0.03 > . 8001:9001(1000) ack 1
`,
    );
    expect(heard.losses.map(({ bytes, lostAtSend, deliveredAtSend }) => ({ bytes, lostAtSend, deliveredAtSend }))).to.deep.equal([
      { bytes: 1000, lostAtSend: 0, deliveredAtSend: 4000 },
      { bytes: 1000, lostAtSend: 1000, deliveredAtSend: 8000 },
    ]);
    // The window was what limited the first; behind what was sent next nothing waited.
    expect(heard.losses.map(({ appLimited }) => appLimited)).to.deep.equal([false, true]);
  });
});

describe('a controller that wants accurate ECN', () => {
  const CONNECT = `
\`ip link set dev tun0 gso_max_segs 1
sysctl -q net.ipv4.tcp_congestion_control=listening
sysctl -q net.ipv4.tcp_ecn_option=0\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > [ect1] SEWA 0:0(0) <...>
`;

  it('gets it whatever tcp_ecn says, with its codepoint on all that it sends; marks come as ce [RFC 9768 §3.1.1, RFC 9331 §4.1]', () => {
    const { plugin, heard } = listening({ wants: 'accurate', codepoint: 1, fallback: 'off' });
    play(
      plugin,
      `${CONNECT}
+0.02 < [noecn] SEW. 0:0(0) ack 1 win 65535 <mss 1000>
+0 > [ect1] W. 1:1(0) ack 1
+0 write(3, ..., 4000) = 4000
+0 > [ect1] .5 1:1001(1000) ack 1
+0 > [ect1] .5 1001:2001(1000) ack 1
+0 > [ect1] .5 2001:3001(1000) ack 1
+0 > [ect1] P.5 3001:4001(1000) ack 1
+0.02 < [ect1] .7 1:1(0) ack 4001 win 65535
`,
    );
    const { ce, ece, delivered } = heard.acks.at(-1) as AckEvent;
    expect({ ce, ece, delivered }).to.deep.equal({ ce: 2000, ece: true, delivered: 4000 });
  });

  it('has none rather than the classic kind where it says so, and that where it says so [contract, fallback]', () => {
    for (const [fallback, data] of [
      ['off', '[noecn] P.'],
      ['classic', '[ect1] P.'],
    ] as const)
      play(
        listening({ wants: 'accurate', codepoint: 1, fallback }).plugin,
        `${CONNECT}
+0.02 < [noecn] SE. 0:0(0) ack 1 win 65535 <mss 1000>
+0 > ${fallback === 'off' ? '[noecn]' : '[ect1]'} . 1:1(0) ack 1
+0 write(3, ..., 100) = 100
+0 > ${data} 1:101(100) ack 1
`,
      );
  });

  it('grants it to peers that ask, and nothing to those that ask for the classic kind [contract, fallback]', () => {
    for (const [syn, synAck] of [
      ['SEWA', '[ect1] SW.'],
      ['SEW', '[noecn] S.'],
    ] as const)
      play(
        listening({ wants: 'accurate', codepoint: 1, fallback: 'off' }).plugin,
        `
\`sysctl -q net.ipv4.tcp_congestion_control=listening
sysctl -q net.ipv4.tcp_ecn_option=0\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < [noecn] ${syn} 0:0(0) win 65535 <mss 1000>
+0 > ${synAck} 0:0(0) ack 1 <...>
`,
      );
  });
});

describe('DCTCP from outside', () => {
  const ECN = [
    '[ect0] SEW 0:0(0) win 65535 <mss 1000,nop,nop,sackOK>',
    '[ect0] SE. 0:0(0) ack 1 <...>',
    '[ect0] . 1:1(0) ack 1 win 65535',
  ] as const;

  it('a mark that changes flushes the delayed acknowledgement with the echo as it was; CWR ends nothing [RFC 8257 §3.2]', () => {
    play(
      dctcp,
      `${accepted('dctcp', ...ECN)}
// beyond the acknowledgements at once of a connection's start
+0 setsockopt(4, SOL_TCP, TCP_QUICKACK, [0], 4) = 0
+0.01 < [ect0] . 1:1001(1000) ack 1 win 65535
+0.001 < [ce] . 1001:2001(1000) ack 1 win 65535
+0 > [ect0] . 1:1(0) ack 1001
+0 > [ect0] E. 1:1(0) ack 2001
+0.01 < [ce] W. 2001:3001(1000) ack 1 win 65535
+0 > [ect0] E. 1:1(0) ack 3001
+0 setsockopt(4, SOL_TCP, TCP_QUICKACK, [0], 4) = 0
+0.01 < [ce] . 3001:4001(1000) ack 1 win 65535
+0.001 < [ect0] . 4001:5001(1000) ack 1 win 65535
+0 > [ect0] E. 1:1(0) ack 4001
+0 > [ect0] . 1:1(0) ack 5001
`,
    );
  });

  it('the window comes down by the part that was marked [RFC 8257 §3.3]', () => {
    play(
      dctcp,
      `${accepted('dctcp', ...ECN)}
+0 write(4, ..., 10000) = 10000
+0 > [ect0] . 1:1001(1000) ack 1
+0 > [ect0] . 1001:2001(1000) ack 1
+0 > [ect0] . 2001:3001(1000) ack 1
+0 > [ect0] . 3001:4001(1000) ack 1
+0 > [ect0] . 4001:5001(1000) ack 1
+0 > [ect0] . 5001:6001(1000) ack 1
+0 > [ect0] . 6001:7001(1000) ack 1
+0 > [ect0] . 7001:8001(1000) ack 1
+0 > [ect0] . 8001:9001(1000) ack 1
+0 > [ect0] P. 9001:10001(1000) ack 1
// nothing was marked in the first round: alpha is 15/16
+0.02 < [ect0] . 1:1(0) ack 2001 win 65535
+0 %{ assert tcpi_snd_cwnd == 12, tcpi_snd_cwnd }%
+0.01 < [ect0] E. 1:1(0) ack 4001 win 65535
+0 %{
assert tcpi_ca_state == TCP_CA_CWR, tcpi_ca_state
assert tcpi_snd_ssthresh == 6, tcpi_snd_ssthresh
}%
`,
    );
  });
});
