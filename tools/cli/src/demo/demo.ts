// protoloom demo: the kernel's own sockets and tools working against a host of ours.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hasNative, openTap } from '@protoloom/tun-tap';
import { demonstrateKernel } from './inside.js';
import { demonstratePair } from './pair.js';
import { Table } from './table.js';

export const HELP = `usage: protoloom demo [--once]

Makes a network namespace of its own, puts the kernel on one side of a TAP device and a protoloom host on the other, and shows the
kernel's own sockets and tools working against it. Without a TUN device two hosts talk over a virtual wire instead.

  --once   exits afterwards, with status 0 where everything worked; otherwise it waits to be interrupted
`;

const PROGRAM = fileURLToPath(new URL('../../bin/protoloom.js', import.meta.url));
/** Set in the copy of this process that runs within the namespace. */
const INSIDE = 'PROTOLOOM_DEMO_INSIDE';
/** Its value for a copy that only tries whether a device can be had there. */
const PROBE = 'probe';

/** How to enter a network namespace of our own, or why there is none to be had. */
function namespace(): readonly string[] | string {
  if (process.platform !== 'linux') return `TAP devices are for Linux, not ${process.platform}`;
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  if (!hasNative()) return 'the native addon is not compiled (npm run build:native)';
  // Root needs no user namespace; everybody else becomes root in one.
  let why = 'network namespaces cannot be made here (unshare of util-linux refused)';
  const tried =
    process.getuid?.() === 0
      ? [
          ['unshare', '-n'],
          ['unshare', '-Urn'],
        ]
      : [['unshare', '-Urn']];
  for (const [command = '', ...args] of tried) {
    if (spawnSync(command, [...args, 'true'], { stdio: 'ignore', timeout: 10_000 }).status !== 0) continue;
    const probe = spawnSync(command, [...args, process.execPath, PROGRAM, 'demo'], {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, [INSIDE]: PROBE },
    });
    if (probe.status === 0) return [command, ...args];
    why = probe.stderr.trim().replace(/^protoloom: /, '') || why;
  }
  return why;
}

async function inside(): Promise<number> {
  const table = new Table();
  table.heading("the kernel's sockets, and a protoloom host across a TAP device");
  await demonstrateKernel(PROGRAM, table);
  table.heading(table.summary());
  return table.failed === 0 ? 0 : 1;
}

async function pair(why: string): Promise<number> {
  const table = new Table();
  table.heading(`${why}: two protoloom hosts on a virtual wire instead`);
  await demonstratePair(table);
  table.heading(table.summary());
  return table.failed === 0 ? 0 : 1;
}

function outside(enter: readonly string[]): Promise<number> {
  const [command = '', ...args] = enter;
  const child = spawn(command, [...args, process.execPath, PROGRAM, 'demo'], { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      resolve(code ?? 1);
    });
  });
}

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { once: { type: 'boolean', default: false } } });
  if (process.env[INSIDE] === PROBE) {
    openTap({ name: 'demo0' }).close();
    return 0;
  }
  if (process.env[INSIDE] !== undefined) return inside();
  const enter = namespace();
  const code = typeof enter === 'string' ? await pair(enter) : await outside(enter);
  if (values.once) return code;
  process.stdout.write('Ctrl-C ends it.\n');
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 2 ** 30);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    process.once('SIGINT', end).once('SIGTERM', end);
  });
  return code;
}
