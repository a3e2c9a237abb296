import { expect } from 'chai';
import { comparePacket } from '../dist/packets/compare.js';
import { outbound, sentAs } from './packets.js';
import { CONVERSATION, changed, failing, lineOf, passes } from './scripts.js';

const SYN_ACK = '> S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 10>';
const DATA = '> P. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>';

/** What is changed in the conversation that passes, and the one thing that then differs. */
const CHANGES: readonly (readonly [what: string, from: string, to: string, field: string])[] = [
  ['a flag too many', DATA, '> PU. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'flags'],
  ['a flag too few', DATA, '> . 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'flags'],
  ['ECE', DATA, '> EP. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'flags'],
  ['CWR', DATA, '> WP. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'flags'],
  ['AE', DATA, '> AP. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'flags'],
  ['the ACE field', DATA, '> P.5 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'ace'],
  ['the sequence number', DATA, '> P. 2:22(20) ack 11 <nop,nop,TS val 120 ecr 1020>', 'seq'],
  ['the absolute sequence number', DATA, '> P. 1:21(20)! ack 11 <nop,nop,TS val 120 ecr 1020>', 'seq'],
  ['the acknowledgement number', DATA, '> P. 1:21(20) ack 10 <nop,nop,TS val 120 ecr 1020>', 'ack'],
  ['the window', SYN_ACK, '> S. 0:0(0) ack 1 win 65161 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 10>', 'win'],
  ['the urgent pointer', DATA, '> P. 1:21(20) ack 11 urg 1 <nop,nop,TS val 120 ecr 1020>', 'urg'],
  ['the payload length', DATA, '> P. 1:20(19) ack 11 <nop,nop,TS val 120 ecr 1020>', 'payload length'],
  ['mss', SYN_ACK, '> S. 0:0(0) ack 1 win 65160 <mss 1461,sackOK,TS val 100 ecr 1000,nop,wscale 10>', 'option mss'],
  ['wscale', SYN_ACK, '> S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 9>', 'option wscale'],
  ['TS ecr', DATA, '> P. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1021>', 'option TS ecr'],
  ['no sackOK', SYN_ACK, '> S. 0:0(0) ack 1 win 65160 <mss 1460,nop,nop,TS val 100 ecr 1000,nop,wscale 10>', 'options'],
  ['an option more', SYN_ACK, '> S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 10,FO,nop,nop>', 'options'],
  ['options in another order', DATA, '> P. 1:21(20) ack 11 <nop,TS val 120 ecr 1020,nop>', 'options'],
  ['no options', DATA, '> P. 1:21(20) ack 11', 'options'],
  ['ECN', '> [noecn] .', '> [ect0] .', 'ecn'],
  ['either of ECT', '> [noecn] .', '> [ect01] .', 'ecn'],
  ['the type of service', '> [noecn] .', '> [tos 0x10] .', 'tos'],
  ['the TTL', '> [noecn] .', '> [ttl 63] .', 'ttl'],
  ['another protocol', DATA, '> icmp unreachable port_unreachable', 'protocol'],
  ['the time of a packet', `+0 ${DATA}`, `+0.002 ${DATA}`, 'time'],
  ['a range of time', `+0 ${DATA}`, `+0.002~+0.003 ${DATA}`, 'time'],
  ['a return value', 'read(4, ..., 100) = 10', 'read(4, ..., 100) = 11', 'result'],
  ['an error in place of a value', 'read(4, ..., 100) = 10', 'read(4, ..., 100) = -1 EAGAIN (…)', 'result'],
  ['a value in place of an error', 'read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)', 'read(4, ..., 100) = 0', 'result'],
  ['the errno', '= -1 EAGAIN (Resource temporarily unavailable)', '= -1 EINTR (Interrupted system call)', 'errno'],
  ['an option of the socket', '[988]', '[989]', 'the option'],
  ['an assertion', 'assert tcpi_unacked == 1', 'assert tcpi_unacked == 2', 'assertion'],
];

describe('each expectation of a script is held', () => {
  it('the conversation passes as it is, and exactly', () => {
    passes(CONVERSATION);
    passes(CONVERSATION, { strictTime: true });
  });

  for (const [what, from, to, field] of CHANGES) {
    it(`${what}: fails for that reason alone`, () => {
      const text = changed(CONVERSATION, from, to);
      const { result, fields } = failing(text);
      expect(fields).to.deep.equal([field]);
      expect(result.line).to.equal(lineOf(text, to));
    });
  }

  it('options that this conversation does not have: there, not there, and each with its octets', () => {
    const compare = (expected: string, actual: string): string[] =>
      comparePacket(outbound(expected), sentAs(outbound(actual))).map(({ field }) => field);
    const cases: readonly (readonly [one: string, other: string, field: string])[] = [
      ['FO 01020304,nop,nop', 'FO 01020305,nop,nop', 'option FO'],
      ['FO,nop,nop', 'FO 01020304,nop,nop', 'option FO'],
      ['FOEXP 01020304', 'FOEXP 01020305', 'option FOEXP'],
      ['md5 000102030405060708090a0b0c0d0e0f,nop,nop', 'md5 000102030405060708090a0b0c0d0e00,nop,nop', 'option md5'],
      ['ECN e0b 1 ceb 2 e1b 3,nop', 'ECN e0b 1 ceb 2 e1b 4,nop', 'option ECN'],
      ['ECN e0b 1 ceb 2 e1b 3,nop', 'ECN e1b 3 ceb 2 e0b 1,nop', 'option ECN'],
      ['kind 253 c0ff', 'kind 253 c0fe', 'option kind'],
      ['kind 253 c0ff', 'kind 252 c0ff', 'options'],
      ['eol,eol,eol,eol', 'eol,eol,eol,nop', 'options'],
    ];
    for (const [one, other, field] of cases) {
      const segment = `. 1:1(0) ack 1 <${one}>`;
      expect(compare(segment, segment), one).to.deep.equal([]);
      expect(compare(segment, `. 1:1(0) ack 1 <${other}>`), `${one} for ${other}`).to.deep.equal([field]);
      expect(compare(segment, '. 1:1(0) ack 1'), `${one} for none`).to.deep.equal(['options']);
      expect(compare('. 1:1(0) ack 1', segment), `none for ${one}`).to.deep.equal(['options']);
    }
  });

  it('the flow label: one for each label of the script', () => {
    const text = CONVERSATION.replace('// one conversation\n', '// one conversation\n--ip_version=ipv6\n--mtu=1520\n');
    passes(text);
    const { result, fields } = failing(
      changed(changed(text, '> [noecn] . 1:1(0)', '> [flowlabel 0x1] . 1:1(0)'), DATA, DATA.replace('>', '> [flowlabel 0x2]')),
    );
    expect(fields).to.deep.equal(['flow label']);
    expect(result.event).to.contain('flowlabel');
  });

  it('SACK blocks', () => {
    const text = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
+0 < . 1:1(0) ack 1 win 1024
+0 accept(3, ..., ...) = 4
+0 < . 101:201(100) ack 1 win 1024
+0 > . 1:1(0) ack 1 <nop,nop,sack 101:201>
`;
    passes(text);
    expect(failing(changed(text, 'sack 101:201', 'sack 101:202')).fields).to.deep.equal(['option sack']);
  });

  it('the value of timestamps, with tcp_ts_tick_usecs', () => {
    const text = CONVERSATION.replace('--tolerance_percent=0', '--tolerance_percent=0\n--tcp_ts_tick_usecs=1000');
    passes(text);
    const { fields } = failing(changed(text, DATA, DATA.replace('val 120', 'val 123')));
    expect(fields).to.deep.equal(['option TS val']);
  });

  it('an acknowledgement cannot echo a timestamp that was not sent', () => {
    const { result } = failing(changed(CONVERSATION, 'TS val 1130 ecr 120', 'TS val 1130 ecr 119'));
    expect(result.reason).to.contain('ecr 119 echoes no timestamp');
    passes(changed(CONVERSATION, 'TS val 1130 ecr 120', 'TS val 1130 ecr 119'), { options: { tcp_ts_ecr_scaled: undefined } });
  });

  it('a packet that does not leave, and one of another kind', () => {
    const { result } = failing(`${CONVERSATION}+0 > . 21:21(0) ack 12\n`);
    expect(result.reason).to.equal('no packet leaves by 0.221000');
    expect(failing(changed(CONVERSATION, DATA, '> udp (20)')).result.status).to.equal('fail');
  });

  it('the length of a datagram, the fields of ICMP', () => {
    const text = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 sendto(3, ..., 10, 0, ..., ...) = 10
+0 > udp (10)
+0 < icmp echo_request id 7 [raw (20)]
+0 > icmp echo_reply id 7
`;
    passes(text);
    expect(failing(changed(text, '> udp (10)', '> udp (11)')).fields).to.deep.equal(['udp length']);
    expect(failing(changed(text, 'echo_reply id 7', 'echo_reply id 8')).fields).to.deep.equal(['icmp id']);
    expect(failing(changed(text, 'echo_reply id 7', 'timestamp_reply')).fields).to.deep.equal(['icmp type']);
    expect(failing(changed(text, '> icmp echo_reply id 7', '> icmp echo_reply code_1')).fields).to.deep.equal(['icmp code']);
  });

  it('structures: revents, events of epoll, linger, control messages', () => {
    const text = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 setsockopt(3, SOL_IP, IP_RECVTTL, [1], 4) = 0
+0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8) = 0
+0 getsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, [8]) = 0
+0 connect(3, ..., ...) = 0
+0 write(3, ..., 1) = 1
+0 > udp (1)
+0 < [ttl 77] udp (3)
+0 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLIN|POLLOUT}], 1, 0) = 1
+0 epoll_create(1) = 4
+0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, u64=12}) = 0
+0 epoll_wait(4, {events=EPOLLIN, u64=12}, 1, 0) = 1
+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 2}], msg_flags=MSG_TRUNC, msg_control=[{cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=77}]}, 0) = 2
`;
    passes(text);
    const one = (from: string, to: string): readonly string[] => failing(changed(text, from, to)).fields;
    expect(one('revents=POLLIN|POLLOUT', 'revents=POLLIN')).to.deep.equal(['revents of 3']);
    expect(one('[8]) = 0', '[8]) = 0 // as it is\n+0 getsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=6}, [8]) = 0')).to.deep.equal([
      'the option.linger',
    ]);
    expect(one('{events=EPOLLIN, u64=12}, 1', '{events=EPOLLOUT, u64=12}, 1')).to.deep.equal(['events[0]']);
    expect(one('{events=EPOLLIN, u64=12}, 1', '{events=EPOLLIN, u64=13}, 1')).to.deep.equal(['events[0].u64']);
    expect(one('cmsg_data=77', 'cmsg_data=78')).to.deep.equal(['msg_control[0].cmsg_data']);
    expect(one('msg_flags=MSG_TRUNC', 'msg_flags=0')).to.deep.equal(['msg_flags']);
  });

  it('when a call returns that waits', () => {
    const text = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 connect(3, ..., ...) = 0
+0 write(3, ..., 1) = 1
+0 > udp (1)
+0...0.5 read(3, ..., 10) = 4
+0.5 < udp (4)
`;
    passes(text, { strictTime: true });
    expect(failing(changed(text, '+0...0.5', '+0...0.6')).fields).to.deep.equal(['time of return']);
    expect(failing(changed(text, '+0.5 < udp', '+0.6 < udp')).fields).to.deep.equal(['time of return']);
    expect(failing(changed(text, '+0.5 < udp (4)\n', '')).result.reason).to.equal('read does not return by 0.505000');
    expect(failing(changed(text, '+0...0.5 read', '+0 read')).result.reason).to.contain('read would wait');
  });

  it('virtual time is exact, where that is asked for', () => {
    const text = changed(CONVERSATION, `+0 ${DATA}`, `+0.0005 ${DATA}`);
    passes(text);
    expect(failing(text, { strictTime: true }).fields).to.deep.equal(['time']);
  });

  it('pieces of one packet of the script are taken together, unless strict_segments forbids it', () => {
    const text = CONVERSATION.replace('write(4, ..., 20) = 20', 'write(4, ..., 2000) = 2000')
      .replace(DATA, '> P. 1:2001(2000) ack 11 <nop,nop,TS val 120 ecr 1020>')
      .replace('tcpi_unacked == 1, tcpi_unacked', 'tcpi_unacked == 3, tcpi_unacked')
      .replace('ack 21 win', 'ack 2001 win');
    passes(text);
    expect(failing(text, { options: { strict_segments: undefined } }).fields).to.include('payload length');
  });

  it('what differs is only told, where the script says that it is not fatal', () => {
    const text = changed(CONVERSATION, DATA, DATA.replace('P.', 'F.'));
    const { warnings } = passes(text, { options: { non_fatal: 'packet' } });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain('flags: expected F., was P.');
    expect(failing(text, { options: { non_fatal: 'syscall' } }).fields).to.deep.equal(['flags']);
  });
});
