import { IPV6_AUTOFLOWLABEL, IPV6_FLOWINFO_SEND } from '@protoloom/contracts/ipv6';
import { AF_INET6, IPPROTO_IPV6, type Message, SOCK_DGRAM, SOCKETS } from '@protoloom/contracts/socket';
import { FrameHost, PEER_MAC } from '@protoloom/frames';
import type { Socket } from '@protoloom/stack';
import { Ip6Address } from '@protoloom/wire';
import { expect } from 'chai';

const THEIRS = '2001:db8::9';

function hostWith(sysctls: Readonly<Record<string, number>> = {}): FrameHost {
  const host = new FrameHost(sysctls);
  host.stack.address.add('eth0', '2001:db8::2/64', { noDad: true });
  host.stack.neighbour.add('eth0', THEIRS, PEER_MAC.map((octet) => octet.toString(16).padStart(2, '0')).join(':'));
  host.sent();
  return host;
}
const open = (host: FrameHost): Socket => host.stack.socket(AF_INET6, SOCK_DGRAM);
/** Labels of the datagrams that left. */
const labels = (host: FrameHost): number[] =>
  host.sent().map((packet) => new DataView(packet.buffer, packet.byteOffset).getUint32(0) & 0xfffff);
async function labelOf(host: FrameHost, socket: Socket, port = 9): Promise<number> {
  await socket.sendto('x', { address: THEIRS, port });
  return labels(host)[0] as number;
}

describe('flow labels [RFC 6437 §3]', () => {
  it('are the same for all of a flow, and others for others', async () => {
    const host = hostWith();
    const [one, other] = [open(host), open(host)];
    await one.bind({ port: 1 });
    await other.bind({ port: 2 });
    const first = await labelOf(host, one);
    expect(first).to.not.equal(0);
    expect(await labelOf(host, one)).to.equal(first);
    expect(await labelOf(host, one, 10)).to.not.equal(first);
    expect(await labelOf(host, other)).to.not.equal(first);
  });

  const modes: readonly (readonly [mode: number, unset: boolean, declined: boolean, asked: boolean])[] = [
    [0, false, false, false],
    [1, true, false, true],
    [2, false, false, true],
    [3, true, true, true],
  ];
  for (const [mode, unset, declined, asked] of modes) {
    it(`net.ipv6.auto_flowlabels ${mode} [Linux: ip-sysctl]`, async () => {
      const host = hostWith({ 'net.ipv6.auto_flowlabels': mode });
      const results = [];
      for (const wish of [undefined, 0, 1]) {
        const socket = open(host);
        if (wish !== undefined) socket.setsockopt(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, wish);
        results.push((await labelOf(host, socket)) !== 0);
      }
      expect(results).to.deep.equal([unset, declined, asked]);
    });
  }

  it('net.ipv6.flowlabel_state_ranges puts them into the upper half', async () => {
    const host = hostWith({ 'net.ipv6.flowlabel_state_ranges': 1 });
    for (let port = 1; port < 20; port++) expect((await labelOf(host, open(host), port)) & 0x80000).to.equal(0x80000);
  });

  it('of an address are meant where IPV6_FLOWINFO_SEND says so [RFC 3493 §3.3]', async () => {
    const host = hostWith({ 'net.ipv6.auto_flowlabels': 0 });
    const socket = open(host);
    const { endpoint } = socket;
    const message = messageTo(host, 0x12345);
    endpoint.send(Uint8Array.of(1), 0, 1, message);
    socket.setsockopt(IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1);
    endpoint.send(Uint8Array.of(1), 0, 1, message);
    endpoint.connect(message.address);
    endpoint.send(Uint8Array.of(1), 0, 1, undefined);
    expect(labels(host)).to.deep.equal([0, 0x12345, 0x12345]);
  });
});

function messageTo(host: FrameHost, flowLabel: number): Message {
  const message = host.stack.service(SOCKETS).message();
  Ip6Address.parse(THEIRS).toWords(message.address.words);
  Object.assign(message.address, { family: AF_INET6, port: 9, flowLabel });
  message.hasAddress = true;
  return message;
}
