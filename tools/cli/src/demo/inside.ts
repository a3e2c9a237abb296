// The demo within its network namespace: the kernel on one side of a TAP, a host of ours on the other, in a process of its own.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { KernelInterface } from '@protoloom/tun-tap';
import { type Client, converse, measureThroughput } from './conversation.js';
import { type Table } from './table.js';

const DEVICE = 'demo0';
const KERNEL = '10.77.0.1';
const HOST = '10.77.0.2';
const KERNEL6 = 'fd77::1';
const HOST6 = 'fd77::2';
const READY_MS = 15_000;

const execute = promisify(execFile);
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Whether the kernel speaks IPv6 here. */
function speaksIPv6(): boolean {
  const disabled = '/proc/sys/net/ipv6/conf/all/disable_ipv6';
  return existsSync(disabled) && readFileSync(disabled, 'utf8').trim() === '0';
}

/** A host on the TAP; resolves once it serves. */
function startHost(program: string, withIPv6: boolean): Promise<{ stop(): Promise<void> }> {
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
      ...(withIPv6 ? ['--address', `${HOST6}/64`, '--kernel-address', `${KERNEL6}/64`] : []),
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

function echo(address: string, data: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), 5000);
    const end = (then: () => void): void => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    socket.on('message', (answer) => end(() => resolve(answer)));
    socket.on('error', (error) => end(() => reject(error)));
    socket.send(data, 7, address);
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
  const withIPv6 = speaksIPv6();
  const host = await startHost(program, withIPv6);
  const tools = { ping: has('ping'), curl: has('curl') };
  const client = (address: string): Client => ({ address, httpPort: 80, agent: undefined, echo: (data) => echo(address, data) });
  try {
    for (const name of ['ping', 'curl'] as const) if (!tools[name]) table.row('skipped', name, `there is no ${name} on this machine`);
    await demonstrateFamily(client(HOST), 'IPv4', tools, table);
    // By now duplicate address detection is over at both ends.
    if (withIPv6) await demonstrateFamily(client(HOST6), 'IPv6', tools, table);
    else table.row('skipped', 'IPv6', 'the kernel has it turned off here');
    await measureThroughput(client(HOST), table);
  } finally {
    await host.stop();
  }
}

async function demonstrateFamily(
  client: Client,
  family: 'IPv4' | 'IPv6',
  tools: { readonly ping: boolean; readonly curl: boolean },
  table: Table,
): Promise<void> {
  const { address } = client;
  if (tools.ping) {
    await table.step(`ping, ${family}`, async () => {
      const { stdout } = await execute('ping', ['-c', '20', '-i', '0.05', '-W', '2', '-q', address], { timeout: 20_000 });
      return (/rtt [^=]*= ([\d.]+)\/([\d.]+)\//.exec(stdout)?.slice(1) ?? ['?', '?']).reduce(
        (low, mean) => `20 of 20 answered, rtt least ${low} ms, mean ${mean} ms`,
      );
    });
  }
  if (tools.curl) {
    await table.step(`curl, ${family}`, async () => {
      const url = family === 'IPv6' ? `http://[${address}]/` : `http://${address}/`;
      const wanted = ['-s', '-g', '--max-time', '10', '-o', '/dev/null', '-w', '%{http_code} in %{time_total} s', url];
      const { stdout } = await execute('curl', wanted, { timeout: 20_000 });
      if (!stdout.startsWith('200')) throw new Error(stdout);
      return `status ${stdout}`;
    });
  }
  await converse(client, family, table);
}
