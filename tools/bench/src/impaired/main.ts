// npm run bench -- impaired: transfers over a wire that loses, reorders and duplicates, verified by hash, beside the kernel over the same wire.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Impairment } from '@protoloom/sim';
import { ip, PROGRAM, started, Topology } from '../topology.js';
import { type Direction, HOST, KERNEL, type Mode, NETWORK, runKernel, runWire } from './roles.js';
import { hashOf, type Received } from './transfer.js';

const HELP = `usage: npm run bench -- impaired [OPTION]...

One TCP connection between the kernel (CUBIC) and a host, and between two kernels, both ways, over a wire that impairs each frame of each
direction from a seed: loss and duplication, and holding back so that later ones pass. Contents are verified by hash.

  --bytes N        of each transfer, default 100000000
  --loss P         probability of loss, default 0.05
  --duplicate P    default 0.01
  --reorder P      default 0.05, held back by up to --reorder-us, default 2000
  --delay-us N     propagation delay of each direction, default 1000
  --seed N         default 1
  --runs N         of each, with seeds from --seed on; default 1
  --only WHO       protoloom, or kernel
  --json           one object a transfer on standard output
`;

const DIRECTIONS: readonly Direction[] = ['in', 'out'];

interface Transfer extends Received {
  readonly mode: Mode;
  readonly direction: Direction;
  readonly seed: number;
}

const number = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value >= 0)) throw new Error(`bench: ${text}: a number from 0 on`);
  return value;
};

export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === '--wire') return runWire(JSON.parse(argv[1] as string));
  if (argv[0] === '--kernel') return runKernel(JSON.parse(argv[1] as string));
  const { values } = parseArgs({
    args: [...argv],
    options: {
      bytes: { type: 'string' },
      loss: { type: 'string' },
      duplicate: { type: 'string' },
      reorder: { type: 'string' },
      'reorder-us': { type: 'string' },
      'delay-us': { type: 'string' },
      seed: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('bench: it makes network namespaces: run it as root\n');
    process.exitCode = 2;
    return;
  }
  const bytes = number(values.bytes, 100_000_000);
  const seed = number(values.seed, 1);
  const impairment: Impairment = {
    loss: number(values.loss, 0.05),
    duplicate: number(values.duplicate, 0.01),
    reorder: number(values.reorder, 0.05),
    reorderUs: Math.max(1, number(values['reorder-us'], 2000)),
    delayUs: number(values['delay-us'], 1000),
  };
  const modes = (['protoloom', 'kernel'] as const).filter((mode) => values.only === undefined || values.only === mode);
  const sha256 = hashOf(bytes);
  Topology.removeOnSignals();
  const transfers: Transfer[] = [];
  for (let run = 0; run < number(values.runs, 1); run++) {
    for (const direction of DIRECTIONS) {
      for (const mode of modes) {
        const received = await transfer(mode, direction, bytes, impairment, seed + run);
        const one = { mode, direction, seed: seed + run, ...received };
        transfers.push(one);
        if (values.json) process.stdout.write(`${JSON.stringify({ ...one, intact: received.sha256 === sha256 })}\n`);
        if (received.sha256 === sha256) continue;
        process.stderr.write(
          `bench: ${mode} ${direction}, seed ${one.seed}: ${received.bytes} of ${bytes} octets, not as they were sent\n`,
        );
        process.exitCode = 1;
      }
    }
  }
  if (!values.json) report(transfers, bytes);
}

/** In namespaces of its own. */
async function transfer(mode: Mode, direction: Direction, bytes: number, impairment: Impairment, seed: number): Promise<Received> {
  const topology = new Topology('impaired');
  const inside = (where: 'near' | 'far', role: string, argument: object): ChildProcess =>
    topology.inside(where, process.execPath, PROGRAM, 'impaired', role, JSON.stringify({ mode, direction, bytes, ...argument }));
  const configure = (namespace: string, device: string, address: string): void => {
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
    // By route, since the machine's default may be another and not ours to change.
    ip('-n', namespace, 'route', 'replace', NETWORK, 'dev', device, 'congctl', 'cubic');
  };
  try {
    const wire = inside('near', '--wire', { impairment, seed });
    await started(wire, 'ready');
    configure(topology.near, 'tap0', KERNEL);
    let server = wire;
    if (mode === 'kernel') {
      ip('-n', topology.near, 'link', 'set', 'tap1', 'netns', topology.far);
      configure(topology.far, 'tap1', HOST);
      server = inside('far', '--kernel', { listens: true });
      await started(server, 'ready');
    }
    const client = inside('near', '--kernel', { listens: false });
    return await resultOf(direction === 'in' ? server : client, client);
  } finally {
    await topology.remove();
  }
}

/** What the receiving side prints. */
const resultOf = (receiver: ChildProcess, client: ChildProcess): Promise<Received> =>
  new Promise((resolve, reject) => {
    for (const child of new Set([receiver, client])) {
      let complaint = '';
      child.stderr?.on('data', (text: Buffer) => {
        complaint += text.toString();
      });
      child.once('exit', (code) => {
        if (code !== 0) reject(new Error(complaint.trim() || `ended with ${code}`));
      });
    }
    if (receiver.stdout === null) return reject(new Error('no output'));
    createInterface({ input: receiver.stdout }).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as Received);
    });
  });

function report(transfers: readonly Transfer[], bytes: number): void {
  const mbits = (mode: Mode, direction: Direction): number[] =>
    transfers.filter((one) => one.mode === mode && one.direction === direction).map((one) => (one.bytes * 8) / one.us);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const cell = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2)).padEnd(20);
  process.stdout.write(`${bytes} octets, Mbit/s (mean of the runs)\n\n`);
  process.stdout.write(`${''.padEnd(8)}${'protoloom'.padEnd(20)}${'kernel to kernel'.padEnd(20)}ratio\n`);
  for (const direction of DIRECTIONS) {
    const [ours, kernels] = [mean(mbits('protoloom', direction)), mean(mbits('kernel', direction))];
    process.stdout.write(`${direction.padEnd(8)}${cell(ours)}${cell(kernels)}${cell(ours / kernels).trim()}\n`);
  }
}
