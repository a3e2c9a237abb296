// The demo where no TUN device can be had: two hosts on a virtual wire, in this process.

import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { connectStream, startHost } from '@protoloom/node';
import { SimDevice } from '@protoloom/sim';
import { serve } from '../services/services.js';
import { type Client, converse, measureThroughput } from './conversation.js';
import type { Table } from './table.js';

/** Of the client and of the server. */
const IPV4 = ['10.77.0.1', '10.77.0.2'] as const;
const IPV6 = ['fd77::1', 'fd77::2'] as const;

export async function demonstratePair(table: Table): Promise<void> {
  const devices = [1, 2].map((number) => new SimDevice({ address: Uint8Array.of(2, 0x70, 0, 0, 0, number), offload: true }));
  const hosts = devices.map((device, i) => {
    const other = devices[1 - i] as SimDevice;
    device.onFrame = (frame) => setImmediate(() => other.arrive(frame));
    const host = startHost({ plugins: linuxHost });
    host.stack.link.add(device);
    host.stack.link.up(device.name);
    host.stack.address.add(device.name, `${IPV4[i]}/24`);
    host.stack.address.add(device.name, `${IPV6[i]}/64`);
    return host;
  });
  const [client, server] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
  const echo = await serve(server.stack, { name: 'echo', port: 7, protocols: ['udp'] });
  const http = await serve(server.stack, { name: 'http', port: 80, protocols: ['tcp'] });
  const agent = new Agent({ keepAlive: false });
  // Node's agents take a connection that is made by others; its types do not say so.
  type Connect = { createConnection(options: unknown, done: (error: Error | null, stream?: Duplex) => void): void };
  (agent as unknown as Connect).createConnection = (options, done) => {
    connectStream(client.stack, (options as { host: string }).host, 80).then(
      (stream) => done(null, stream),
      (error: Error) => done(error),
    );
  };
  const asks = (address: string): Client => ({
    address,
    httpPort: 80,
    agent,
    async echo(data) {
      const socket = client.stack.socket(address.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
      try {
        await socket.connect({ address, port: 7 });
        await socket.send(data);
        return await socket.recv(65_535, { signal: AbortSignal.timeout(5000) });
      } finally {
        await socket.close();
      }
    },
  });
  try {
    await converse(asks(IPV4[1]), 'IPv4', table);
    // By now duplicate address detection is over at both ends.
    await converse(asks(IPV6[1]), 'IPv6', table);
    await measureThroughput(asks(IPV4[1]), table);
  } finally {
    agent.destroy();
    await http.close();
    await echo.close();
    for (const host of hosts) await host.stop();
  }
}
