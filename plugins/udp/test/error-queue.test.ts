// The error queue, ip(7): IP_RECVERR and recvmsg(MSG_ERRQUEUE).
import { IP_RECVERR } from '@protoloom/contracts/ipv4';
import {
  AF_INET,
  type Control,
  type ExtendedError,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  POLLERR,
  SO_EE_ORIGIN_ICMP,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { FrameHost, HOST, icmp, PEER, udp } from '@protoloom/frames';
import type { Socket } from '@protoloom/stack';
import { expect } from 'chai';
import { codeOf } from './errors.js';

const peer = { address: PEER.join('.'), port: 9 };

/** An error of the peer's about `payload`, which our port 5000 sent to its port 9. */
const about = (type: number, code: number, payload: number[], rest = [0, 0, 0, 0]) =>
  icmp(type, code, rest, udp(5000, 9, payload, { source: HOST, destination: PEER }));

async function asking(): Promise<{ host: FrameHost; socket: Socket }> {
  const host = new FrameHost();
  const socket = host.stack.socket(AF_INET, SOCK_DGRAM);
  await socket.bind({ port: 5000 });
  socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
  return { host, socket };
}

const take = (socket: Socket, size?: number) => socket.recvmsg(size, { flags: MSG_ERRQUEUE });

describe('UDP: the error queue [ip(7) IP_RECVERR]', () => {
  it('tells errno, origin, type, code, offender; the datagram that failed, and where it was going', async () => {
    const { host, socket } = await asking();
    host.receive(about(3, 3, [1, 2, 3]));
    const { data, address, port, flags, controls } = await take(socket);
    expect([...data]).to.deep.equal([1, 2, 3]);
    expect({ address, port }).to.deep.equal(peer);
    expect(flags).to.equal(MSG_ERRQUEUE);
    expect(controls).to.have.length(1);
    expect(controls[0]).to.include({ level: IPPROTO_IP, type: IP_RECVERR });
    const [control] = controls as readonly [Control];
    const { offender, ...error } = control.value as ExtendedError;
    expect(error).to.deep.equal({ ee_errno: 111, ee_origin: SO_EE_ORIGIN_ICMP, ee_type: 3, ee_code: 3, ee_info: 0, ee_data: 0 });
    expect([...(offender?.words ?? [])]).to.deep.equal([0, 0, 0xffff, Buffer.from(PEER).readInt32BE()]);
  });

  it('tells the octet that a parameter problem points at', async () => {
    const { host, socket } = await asking();
    host.receive(about(12, 0, [1], [20, 0, 0, 0]));
    const { controls } = await take(socket);
    expect(controls[0]?.value).to.include({ ee_errno: 71, ee_type: 12, ee_info: 20 });
  });

  it('is read whole: MSG_TRUNC where the buffer is too short', async () => {
    const { host, socket } = await asking();
    host.receive(about(3, 3, [1, 2, 3]));
    const { data, flags } = await take(socket, 2);
    expect([...data]).to.deep.equal([1, 2]);
    expect(flags).to.equal(MSG_ERRQUEUE | MSG_TRUNC);
  });

  it('never makes its reader wait, and holds POLLERR until it is empty', async () => {
    const { host, socket } = await asking();
    expect(await codeOf(take(socket))).to.equal('EAGAIN');
    for (let i = 0; i < 2; i++) host.receive(about(3, 3, [1]));
    await take(socket);
    expect(socket.readiness & POLLERR).to.equal(POLLERR);
    await take(socket);
    expect(socket.readiness & POLLERR).to.equal(0);
    expect(await codeOf(take(socket))).to.equal('EAGAIN');
  });

  it('takes of the receive buffer, and no more than that: what came first stays', async () => {
    const { host, socket } = await asking();
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1152);
    for (let i = 0; i < 20; i++) host.receive(about(3, i < 1 ? 1 : 3, [1]));
    const first = await take(socket);
    expect(first.controls[0]?.value).to.include({ ee_code: 1 });
    let more = 0;
    while ((await codeOf(take(socket))) === 'worked') more++;
    expect(more).to.be.within(1, 3);
    host.receive(about(3, 3, [1]));
    expect(await codeOf(take(socket))).to.equal('worked');
  });
});
