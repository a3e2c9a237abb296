// A host beside the kernel's, in the namespace where this program runs, and Python on the kernel's side of it: one send of each end that UDP_SEGMENT
// cuts. The argument: whether the device has offloads. Tells on standard output, as JSON, the lengths that each end received, for how many
// frames of ours the kernel took them, and whether it cuts such datagrams.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ETH_P_IP } from '@protoloom/contracts';
import { AF_INET, IPPROTO_UDP, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { GSO_UDP, UDP_SEGMENT } from '@protoloom/contracts/udp';
import { linuxHost } from '@protoloom/linux';
import { startHost } from '@protoloom/node';
import { openTap, TimerFd } from '@protoloom/tun-tap';

const PORT = 7777;
const HOST = '10.0.0.2';
const KERNEL = '10.0.0.1';
const PIECE = 1000;
const TEXT = Uint8Array.from({ length: 9700 }, (_, i) => i % 251);

/** Takes what comes until all octets are there, and sends them back in one call. */
const PEER = `
import json, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('${KERNEL}', ${PORT}))
print('ready', flush=True)
lengths, text = [], b''
while len(text) < ${TEXT.length}:
    some, who = s.recvfrom(65536)
    lengths.append(len(some))
    text += some
print(json.dumps(lengths), flush=True)
s.setsockopt(socket.IPPROTO_UDP, ${UDP_SEGMENT}, ${PIECE})
s.sendto(text, who)
`;

const device = openTap({ name: 'tap0', offload: process.argv[2] === 'offload' });
device.kernel.addAddress(`${KERNEL}/24`);
device.kernel.setUp(true);
const host = startHost({ plugins: linuxHost, timer: (expired) => new TimerFd(expired) });
const { stack } = host;
stack.link.add(device);
stack.link.up('tap0');
stack.address.add('tap0', `${HOST}/24`);

const frames = (): number =>
  (
    JSON.parse(execFileSync('ip', ['-s', '-j', 'link', 'show', 'tap0'], { encoding: 'utf8' })) as [{ stats64: { rx: { packets: number } } }]
  )[0].stats64.rx.packets;

const peer = spawn('python3', ['-c', PEER], { stdio: ['ignore', 'pipe', 'inherit'] });
const lines = createInterface({ input: peer.stdout });
await once(lines, 'line');
const socket = stack.socket(AF_INET, SOCK_DGRAM);
await socket.connect({ address: KERNEL, port: PORT });
// The neighbour is known before frames are counted.
await socket.send(new Uint8Array(0));
await new Promise((resolve) => setTimeout(resolve, 200));
const before = frames();
socket.setsockopt(IPPROTO_UDP, UDP_SEGMENT, PIECE);
const told = once(lines, 'line');
await socket.send(TEXT);
const [kernel] = (await told) as [string];
const taken = frames() - before;
const lengths: number[] = [];
let intact = true;
for (let at = 0; at < TEXT.length; ) {
  const some = await socket.recv();
  intact &&= some.every((octet, i) => octet === TEXT[at + i]);
  lengths.push(some.length);
  at += some.length;
}
await host.stop();
device.close();
process.stdout.write(
  `${JSON.stringify({ kernel: JSON.parse(kernel), host: lengths, intact, taken, cuts: device.features.segments(ETH_P_IP, GSO_UDP) })}\n`,
);
