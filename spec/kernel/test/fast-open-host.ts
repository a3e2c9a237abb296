// A host beside the kernel's, in the namespace where this program runs, and Python on the kernel's side of it: two connections with Fast Open, in
// the direction that the argument says. Tells on standard output, as JSON, what came back and the host's counters of Fast Open.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { AF_INET, IPPROTO_TCP, MSG_FASTOPEN, SHUT_WR, SOCK_STREAM } from '@protoloom/contracts/socket';
import { TCP_FASTOPEN } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import { startHost } from '@protoloom/node';
import { openTap, TimerFd } from '@protoloom/tun-tap';

const PORT = 7777;
const HOST = '10.0.0.2';
const KERNEL = '10.0.0.1';
const CONNECTIONS = 2;
const QUESTION = new Uint8Array(500).fill(0x61);

/** Asks, and tells how many octets came back. */
const CLIENT = `
import socket
for i in range(${CONNECTIONS}):
    s = socket.socket()
    s.sendto(b'a' * ${QUESTION.length}, ${MSG_FASTOPEN}, ('${HOST}', ${PORT}))
    s.shutdown(socket.SHUT_WR)
    octets = 0
    while True:
        some = s.recv(65536)
        if not some: break
        octets += len(some)
    print(octets, flush=True)
    s.close()
`;
/** Sends back what comes. */
const SERVER = `
import socket
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.setsockopt(socket.IPPROTO_TCP, ${TCP_FASTOPEN}, 5)
l.bind(('${KERNEL}', ${PORT}))
l.listen(5)
print('ready', flush=True)
for i in range(${CONNECTIONS}):
    c, _ = l.accept()
    while True:
        some = c.recv(65536)
        if not some: break
        c.sendall(some)
    c.close()
`;

const device = openTap({ name: 'tap0' });
device.kernel.addAddress(`${KERNEL}/24`);
device.kernel.setUp(true);
const host = startHost({ plugins: linuxHost, sysctls: { 'net.ipv4.tcp_fastopen': 3 }, timer: (expired) => new TimerFd(expired) });
const { stack } = host;
stack.link.add(device);
stack.link.up('tap0');
stack.address.add('tap0', `${HOST}/24`);

const python = (script: string): ChildProcess => spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });

/** The kernel asks. */
async function serve(): Promise<number[]> {
  const listener = stack.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ address: HOST, port: PORT });
  listener.setsockopt(IPPROTO_TCP, TCP_FASTOPEN, 5);
  await listener.listen();
  const client = python(CLIENT);
  let told = '';
  client.stdout?.on('data', (text: Buffer) => {
    told += text.toString();
  });
  const ended = once(client, 'exit');
  for (let i = 0; i < CONNECTIONS; i++) {
    const connection = await listener.accept();
    for (let some = await connection.recv(); some.length > 0; some = await connection.recv()) await connection.send(some);
    await connection.close();
  }
  await ended;
  return told.trim().split('\n').map(Number);
}

/** We ask. */
async function ask(): Promise<number[]> {
  const server = python(SERVER);
  if (server.stdout !== null) await once(server.stdout, 'data');
  const answers: number[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const connection = stack.socket(AF_INET, SOCK_STREAM);
    await connection.sendto(QUESTION, { address: KERNEL, port: PORT }, { flags: MSG_FASTOPEN });
    await connection.shutdown(SHUT_WR);
    let octets = 0;
    for (let some = await connection.recv(); some.length > 0; some = await connection.recv()) octets += some.length;
    answers.push(octets);
    await connection.close();
  }
  return answers;
}

const answers = await (process.argv[2] === 'server' ? serve() : ask());
const counters = Object.entries(stack.counters.of('@protoloom/tcp')).filter(([name, value]) => name.startsWith('fastOpen') && value !== 0);
await host.stop();
device.close();
process.stdout.write(`${JSON.stringify({ answers, counters: Object.fromEntries(counters) })}\n`);
