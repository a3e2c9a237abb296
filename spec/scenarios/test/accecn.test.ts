// Accurate ECN between two hosts, with a network that marks, loses and doubles packets: what the sender is told is what the receiver saw.
import { ARPHRD_NONE } from '@protoloom/contracts';
import { AF_INET, IPPROTO_TCP, SOCK_STREAM } from '@protoloom/contracts/socket';
import { TCP_INFO } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import { type Frame, type Impairment, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { sum } from '@protoloom/wire';
import { expect } from 'chai';

const HEADER_BYTES = 20;
const TOS = 1;
const CHECKSUM = 10;
const NOT_ECT = 0;
const CE = 3;

/** Marks every `nth` packet that is ECN-capable (RFC 3168 §5). */
function marking(nth: number): (frame: Frame) => boolean {
  let capable = 0;
  return ({ bytes }) => {
    const tos = bytes[TOS] as number;
    if ((tos & CE) !== NOT_ECT && ++capable % nth === 0) {
      bytes[TOS] = tos | CE;
      bytes.fill(0, CHECKSUM, CHECKSUM + 2);
      const check = ~sum(bytes, 0, HEADER_BYTES, 0) & 0xffff;
      bytes[CHECKSUM] = check >> 8;
      bytes[CHECKSUM + 1] = check & 0xff;
    }
    return true;
  };
}

type Info = Readonly<Record<string, number>>;

/** Carries `total` octets over a network that marks, and answers what both ends count when all is acknowledged. */
async function carry(total: number, nth: number, impairment: Impairment, sysctls: Readonly<Record<string, number>>): Promise<[Info, Info]> {
  const sim = new Simulation(7);
  const devices = [sim.device({ type: ARPHRD_NONE }), sim.device({ type: ARPHRD_NONE })];
  const [a, b] = devices.map((device, i) => {
    const stack = sim.host({ plugins: linuxHost, sysctls: { 'net.ipv4.tcp_ecn': 3, ...sysctls } });
    stack.link.add(device);
    stack.link.up('eth0');
    stack.address.add('eth0', `192.0.2.${i + 1}/24`);
    return stack;
  }) as [Stack, Stack];
  const [forth] = sim.wire(devices, { delayUs: 5000, rate: 50e6, ...impairment });
  if (forth !== undefined) forth.filter = marking(nth);
  const server = b.socket(AF_INET, SOCK_STREAM);
  const client = a.socket(AF_INET, SOCK_STREAM);
  const serve = async (): Promise<Info> => {
    await server.bind({ port: 80 });
    await server.listen();
    const connection = await server.accept();
    let came = 0;
    for await (const part of connection) came += part.length;
    expect(came, 'octets that came').to.equal(total);
    const info = connection.getsockopt(IPPROTO_TCP, TCP_INFO) as Info;
    await connection.close();
    return info;
  };
  const ask = async (): Promise<Info> => {
    await client.connect({ address: '192.0.2.2', port: 80 });
    await client.send(new Uint8Array(total));
    await client.shutdown(1);
    // Until the server closes: everything is acknowledged then.
    for await (const _ of client);
    return client.getsockopt(IPPROTO_TCP, TCP_INFO) as Info;
  };
  const [received, sent] = await sim.run(Promise.all([serve(), ask()]), 300e6);
  await sim.stop();
  return [sent, received];
}

describe('accurate ECN from end to end', () => {
  for (const [name, impairment] of [
    ['a clean path', {}],
    ['loss both ways', { loss: 0.01 }],
    ['duplicates', { duplicate: 0.02 }],
    ['reordering', { reorder: 0.02 }],
  ] as const)
    it(`over ${name} the sender knows of every mark, and of the octets under it [RFC 9768 §3.2.1, §3.2.3]`, async () => {
      const [sent, received] = await carry(400_000, 8, impairment, {});
      expect(received['tcpi_received_ce'], 'marks').to.be.greaterThan(20);
      expect(sent['tcpi_delivered_ce']).to.equal(received['tcpi_received_ce']);
      for (const field of ['ce', 'e0', 'e1'])
        expect(sent[`tcpi_delivered_${field}_bytes`], field).to.equal(received[`tcpi_received_${field}_bytes`]);
      expect([sent['tcpi_accecn_fail_mode'], received['tcpi_accecn_fail_mode']]).to.deep.equal([0, 0]);
    });

  it('without options the count alone tells of every mark [RFC 9768 §3.2.2]', async () => {
    const [sent, received] = await carry(400_000, 8, {}, { 'net.ipv4.tcp_ecn_option': 0 });
    expect(received['tcpi_received_ce'], 'marks').to.be.greaterThan(20);
    expect(sent['tcpi_delivered_ce']).to.equal(received['tcpi_received_ce']);
  });
});
