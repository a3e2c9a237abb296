// Node's own HTTP on streams of ours: what else wants a net.Socket is served as well as that is.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { linuxHost } from '@protoloom/linux';
import { connectStream, type SocketStream, serveStreams } from '@protoloom/node';
import { Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { expect } from 'chai';

/** Two hosts, of both families. */
function pair(): { sim: Simulation; server: Stack; client: Stack } {
  const sim = new Simulation(3);
  const devices = [sim.device(), sim.device()];
  const [server, client] = devices.map((device, i) => {
    const stack = sim.host({ plugins: linuxHost, sysctls: { 'net.ipv6.conf.default.accept_dad': 0 } });
    stack.link.add(device);
    stack.link.up('eth0');
    for (const cidr of [`192.0.2.${i + 1}/24`, `2001:db8::${i + 1}/64`]) stack.address.add('eth0', cidr);
    return stack;
  }) as [Stack, Stack];
  sim.wire(devices, { delayUs: 500 });
  return { sim, server, client };
}

/** Sends a request over a stream, and gives the answer with its content. */
function asked(stream: SocketStream, method: string, content: Buffer): Promise<[IncomingMessage, Buffer]> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method, host: 'host', createConnection: () => stream });
    request.on('error', reject).on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve([response, Buffer.concat(parts)]));
    });
    request.end(content);
  });
}

describe('a stream', () => {
  for (const [family, address] of [
    ['IPv4', '192.0.2.1'],
    ['IPv6', '2001:db8::1'],
  ] as const) {
    it(`carries requests and answers of node:http over ${family}`, async () => {
      const { sim, server, client } = pair();
      const http = createServer((request, response) => void request.pipe(response.writeHead(201, { 'x-method': request.method })));
      const streams = await serveStreams(server, 80, (stream) => http.emit('connection', stream));
      const sent = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i % 251));
      const [response, content] = await sim.run((async () => asked(await connectStream(client, address, 80), 'POST', sent))());
      expect([response.statusCode, response.headers['x-method']]).to.deep.equal([201, 'POST']);
      expect(content.equals(sent)).to.equal(true);
      http.closeAllConnections();
      await sim.run(streams.close());
      await sim.stop();
    });
  }

  it('tells its family, as net.Socket does', async () => {
    const { sim, server, client } = pair();
    const accepted: SocketStream[] = [];
    const streams = await serveStreams(server, 80, (stream) => accepted.push(stream.on('error', () => undefined)));
    const four = await sim.run(connectStream(client, '192.0.2.1', 80));
    const six = await sim.run(connectStream(client, '2001:db8::1', 80));
    await sim.run(() => accepted.length === 2);
    const told = (stream: SocketStream): unknown[] => [
      stream.remoteAddress,
      stream.remoteFamily,
      stream.localAddress,
      stream.address().family,
    ];
    expect(told(four)).to.deep.equal(['192.0.2.1', 'IPv4', '192.0.2.2', 'IPv4']);
    expect(told(six)).to.deep.equal(['2001:db8::1', 'IPv6', '2001:db8::2', 'IPv6']);
    expect(accepted.map(told)).to.deep.equal([
      ['::ffff:192.0.2.2', 'IPv6', '::ffff:192.0.2.1', 'IPv6'],
      ['2001:db8::2', 'IPv6', '2001:db8::1', 'IPv6'],
    ]);
    for (const stream of [four, six]) stream.destroy();
    await sim.run(streams.close());
    await sim.stop();
  });
});
