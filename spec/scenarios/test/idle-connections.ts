// A process that measures what idle connections cost: run with --expose-gc by idle-memory.test.ts, or by hand. Prints one line of JSON.
import { ARPHRD_NONE } from '@protoloom/contracts';
import { type Endpoint, SOCKETS } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import { addressOf, opened } from './endpoints.js';

const CONNECTIONS = Number(process.argv[2] ?? 10_000);
const AT_ONCE = 100;
const PORT = 80;
/** Octets that each end has sent, so that what a transfer leaves behind is measured as well. */
const OCTETS = new Uint8Array(3000);

const sim = new Simulation(1);
const devices = [sim.device({ name: 'tun0', type: ARPHRD_NONE }), sim.device({ name: 'tun0', type: ARPHRD_NONE })];
const stacks = devices.map((device, i) => {
  const stack = sim.host({ plugins: linuxHost });
  stack.link.add(device);
  stack.address.add('tun0', `192.0.2.${i + 1}/24`);
  stack.link.up('tun0');
  return stack;
});
const [client, server] = stacks.map((stack) => stack.service(SOCKETS));
if (client === undefined || server === undefined) throw new Error('two hosts');
sim.wire(devices, { delayUs: 1000 });
// Hosts that have been up for days: their clocks are past what a small integer holds.
advance(300_000_000_000);

const listener = opened(server);
listener.bind(addressOf(server, 0, PORT));
listener.listen(AT_ONCE);

const ends: Endpoint[] = [];

/** What is called after it is called at that time. */
function advance(us: number): void {
  sim.advance(us);
  for (const stack of stacks) stack.enter();
}

/** Opens some, lets both ends talk, and reads all. */
function open(count: number): void {
  const made: Endpoint[] = [];
  for (let i = 0; i < count; i++) {
    const endpoint = opened(client as NonNullable<typeof client>);
    endpoint.connect(addressOf(client as NonNullable<typeof client>, 2, PORT));
    made.push(endpoint);
  }
  advance(100_000);
  for (let child = listener.accept(); typeof child !== 'number'; child = listener.accept()) made.push(child);
  if (made.length !== 2 * count) throw new Error(`${made.length} ends of ${count} connections`);
  for (const endpoint of made) endpoint.send(OCTETS, 0, OCTETS.length, undefined);
  advance(1_000_000);
  const into = new Uint8Array(OCTETS.length);
  for (const endpoint of made)
    if (endpoint.receive(into, 0, into.length, undefined) !== OCTETS.length) throw new Error('octets are missing');
  advance(5_000_000);
  ends.push(...made);
}

/** Bytes of heap and outside it, array buffers among these. */
function used(): { readonly heap: number; readonly external: number } {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

open(AT_ONCE);
const before = used();
const already = ends.length;
for (let left = CONNECTIONS; left > 0; left -= AT_ONCE) open(Math.min(AT_ONCE, left));
const after = used();
const each = ends.length - already;
console.log(JSON.stringify({ ends: each, heap: (after.heap - before.heap) / each, external: (after.external - before.external) / each }));
if (process.argv[3] !== undefined) (await import('node:v8')).writeHeapSnapshot(process.argv[3]);
