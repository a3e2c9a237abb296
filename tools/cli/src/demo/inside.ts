// The demo within its network namespace: the kernel on one side of a TAP, a host of ours on the other, in a process of its own.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { KernelInterface } from '@protoloom/tun-tap';
import { converse } from './conversation.js';
import { type Table } from './table.js';

const DEVICE = 'demo0';
const KERNEL = '10.77.0.1';
const HOST = '10.77.0.2';
const READY_MS = 15_000;

const execute = promisify(execFile);
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** A host on the TAP; resolves once it serves. */
function startHost(program: string): Promise<{ stop(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      program,
      'up',
      '--tap',
      DEVICE,
      '--address',
      `${HOST}/24`,
      '--kernel-address',
      `${KERNEL}/24`,
      '--service',
      'echo',
      '--service',
      'http',
      '--json',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the host did not come up in time')), READY_MS);
    child.once('exit', (code) => reject(new Error(complaint.trim() || `the host ended with code ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"event":"ready"')) return;
      clearTimeout(timer);
      resolve({
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
      });
    });
  });
}

function echo(data: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), 5000);
    const end = (then: () => void): void => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    socket.on('message', (answer) => end(() => resolve(answer)));
    socket.on('error', (error) => end(() => reject(error)));
    socket.send(data, 7, HOST);
  });
}

export async function demonstrateKernel(program: string, table: Table): Promise<void> {
  new KernelInterface('lo').setUp(true);
  try {
    // Our own namespace's default: what most Linux hosts have.
    writeFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'cubic');
  } catch {
    // Not to be had here: the machine's default does as well.
  }
  const host = await startHost(program);
  try {
    if (has('ping')) {
      await table.step('ping', async () => {
        const { stdout } = await execute('ping', ['-c', '20', '-i', '0.05', '-W', '2', '-q', HOST], { timeout: 20_000 });
        return (/rtt [^=]*= ([\d.]+)\/([\d.]+)\//.exec(stdout)?.slice(1) ?? ['?', '?']).reduce(
          (low, mean) => `20 of 20 answered, rtt least ${low} ms, mean ${mean} ms`,
        );
      });
    } else table.row('skipped', 'ping', 'there is no ping on this machine');
    if (has('curl')) {
      await table.step('curl', async () => {
        const { stdout } = await execute(
          'curl',
          ['-s', '--max-time', '10', '-o', '/dev/null', '-w', '%{http_code} in %{time_total} s', `http://${HOST}/`],
          { timeout: 20_000 },
        );
        if (!stdout.startsWith('200')) throw new Error(stdout);
        return `status ${stdout}`;
      });
    } else table.row('skipped', 'curl', 'there is no curl on this machine');
    await converse({ address: HOST, httpPort: 80, agent: undefined, echo }, table);
  } finally {
    await host.stop();
  }
}
