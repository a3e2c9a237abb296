// What the network says: RFC 9293 §3.9.2.2, RFC 1191, RFC 5461, RFC 5927.
import { AF_INET, POLLERR, SOCK_STREAM } from '@protoloom/contracts/socket';
import { SocketError } from '@protoloom/stack';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const full = { options: mss(1460) };

describe('ICMP errors', () => {
  it('end a connection that is being opened [RFC 5461 §4.1]', () => {
    for (const [code, errno] of [
      [1, 113],
      [3, 111],
      [0, 101],
    ] as const) {
      const lab = new Lab();
      const endpoint = lab.connect();
      lab.sent();
      lab.icmp(code, 0);
      expect(endpoint.readiness & POLLERR).to.equal(POLLERR);
      expect(endpoint.takeError()).to.equal(errno);
    }
  });

  it('leave an established one alone, and are told when it times out [RFC 1122 §4.2.3.9, RFC 5927 §5.2]', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_retries2': 3 } });
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 100);
    for (const code of [0, 1, 3]) lab.icmp(code, 1);
    expect(endpoint.readiness & POLLERR).to.equal(0);
    lab.icmp(1, 1);
    lab.advance(30_000_000);
    expect(endpoint.takeError()).to.equal(113);
  });

  it('leave an attempt to connect behind, and the socket can try again [connect(2)]', async () => {
    const lab = new Lab();
    const socket = lab.stack.socket(AF_INET, SOCK_STREAM);
    const peer = { address: '192.0.2.2', port: lab.peerPort };
    const begin = (): Promise<string> => {
      const outcome = socket.connect(peer).then(
        () => 'connected',
        (error: unknown) => (SocketError.is(error) ? error.code : String(error)),
      );
      lab.advance(0);
      lab.sent();
      return outcome;
    };
    const refused = begin();
    lab.icmp(3, 0);
    expect(await refused).to.equal('ECONNREFUSED');
    const timed = begin();
    lab.icmp(13, 0);
    expect(await timed).to.equal('EHOSTUNREACH');
    const third = begin();
    lab.in('S.', { ack: 1 });
    expect(await third).to.equal('connected');
    expect(
      await socket.connect(peer).then(
        () => 'connected',
        (error: unknown) => (SocketError.is(error) ? error.code : String(error)),
      ),
    ).to.equal('EISCONN');
  });

  it('are not believed that quote what is not outstanding [RFC 5927 §4.1]', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    lab.icmp(3, 77);
    expect(endpoint.takeError()).to.equal(0);
    expect(lab.counters()).to.include({ outOfWindowIcmps: 1 });
  });

  it('end a half-open connection', () => {
    const lab = new Lab();
    lab.listen();
    lab.in('S');
    lab.sent();
    lab.icmp(1, 0);
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal(['R 1:1(0)']);
  });
});

describe('path MTU discovery, RFC 1191', () => {
  it('sends again at once in smaller segments, and keeps to them [§6.4]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 2920);
    expect(lab.sent()).to.deep.equal(['. 1:1461(1460) ack 1', 'P. 1461:2921(1460) ack 1']);
    lab.icmp(4, 1, 1000);
    expect(lab.sent()).to.deep.equal(['. 1:961(960) ack 1', '. 961:1921(960) ack 1', '. 1921:2881(960) ack 1', 'P. 2881:2921(40) ack 1']);
    lab.in('.', { seq: 1, ack: 2921 });
    lab.write(endpoint, 2920, 1000);
    expect(lab.sent()).to.deep.equal(['. 2921:3881(960) ack 1', 'P. 3881:3921(40) ack 1']);
  });

  it('does not believe a report about what is not outstanding', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 1460);
    lab.icmp(4, 99_999, 600);
    lab.in('.', { seq: 1, ack: 1461 });
    lab.sent();
    lab.write(endpoint, 1460, 1460);
    expect(lab.sent()).to.deep.equal(['P. 1461:2921(1460) ack 1']);
  });
});
