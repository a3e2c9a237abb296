import { expect } from 'chai';
import { failing, passes, run } from './scripts.js';

/** A passive open; descriptor 4 is the connection's. */
const ACCEPTED = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+0 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
`;

describe('the process that a script plays', () => {
  it('a buffer at NULL is EFAULT where octets would be read or written, and nothing leaves', () => {
    passes(`${ACCEPTED}+0 write(4, NULL, 10) = -1 EFAULT (Bad address)
+0 send(4, NULL, 10, 0) = -1 EFAULT
+0 sendto(4, NULL, 10, 0, ..., ...) = -1 EFAULT
+0 write(4, NULL, 0) = 0
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 read(4, NULL, 10) = -1 EAGAIN
+0 < P. 1:11(10) ack 1 win 65535
+0 > . 1:1(0) ack 11
+0 read(4, NULL, 10) = -1 EFAULT
+0 recv(4, NULL, 10, 0) = -1 EFAULT
+0 recvfrom(4, NULL, 10, 0, ..., ...) = -1 EFAULT
+0 read(4, ..., 10) = 10
`);
    expect(failing(`${ACCEPTED}+0 write(4, NULL, 10) = 10`).fields).to.deep.equal(['result']);
  });

  it('--mss: what is longer arrives as several segments that were coalesced', () => {
    const text = `${ACCEPTED}+0 < P. 1:3001(3000) ack 1 win 65535\n+0 %{ assert tcpi_rcv_mss == 1000, tcpi_rcv_mss }%\n`;
    passes(`--mss=1000\n${text}`);
    expect(failing(text).result.reason).to.equal('the assertion does not hold: 1460');
  });

  it("symbols stand for what the suites' runners define, unless they are defined otherwise", () => {
    const text = '0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 setsockopt(3, CMSG_LEVEL_IP, CMSG_TYPE_RECVERR, [1], 4) = 0\n';
    passes(text);
    expect(failing(text, { definitions: { CMSG_TYPE_RECVERR: 'IP_NOTHING' } }).result.reason).to.contain('IP_NOTHING');
    expect(run(`--define=CMSG_LEVEL_IP=SOL_NOTHING\n${text}`).reason).to.contain('SOL_NOTHING');
  });

  it('a symbol that stands for nothing ends the run before it begins, with its place', () => {
    const { result } = failing('0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 > S 0:0(0) <mss MSS,nop,wscale 8>\n');
    expect(result).to.deep.include({ line: 2, column: 20, reason: 'MSS stands for nothing: --define MSS=VALUE says for what' });
    expect(result.conversation).to.deep.equal([]);
  });

  it('what is not there fails with one line that names it', () => {
    const { result } = failing(`${ACCEPTED}+0 setsockopt(4, SOL_SOCKET, SO_TXTIME, [1], 4) = 0`);
    expect(result.reason).to.equal('setsockopt: the stack has no option SO_TXTIME of SOL_SOCKET');
  });

  it('SCM_TIMESTAMPING: a time since the beginning, as near as times are to be', () => {
    const text = `${ACCEPTED}+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_TX_ACK|SOF_TIMESTAMPING_SOFTWARE], 4) = 0
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1
+1.5 < . 1:1(0) ack 11 win 65535
+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_ERRQUEUE, msg_control=[{cmsg_level=SOL_SOCKET,
  cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=1, scm_nsec=NSEC}}, {cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={
  ee_errno=ENOMSG, ee_origin=SO_EE_ORIGIN_TIMESTAMPING, ee_type=0, ee_code=0, ee_info=SCM_TSTAMP_ACK, ee_data=0}}]}, MSG_ERRQUEUE) = 10
`;
    passes(text, { definitions: { NSEC: '503000000' } });
    const { fields } = failing(text, { definitions: { NSEC: '505000000' } });
    expect(fields).to.deep.equal(['msg_control[0].cmsg_data.scm_nsec']);
    expect(failing(text, { definitions: { NSEC: '503000000' }, strictTime: true }).fields).to.deep.equal(fields);
  });
});
