// Programs in a network namespace of their own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasNative } from '@protoloom/tun-tap';

const program = (source: string) =>
  `import { openTap, openTun, KernelInterface, TimerFd } from '@protoloom/tun-tap';
const input = { frame: (bytes, view, from, to) => ({ bytes, view, head: from, tail: to, gsoKind: 0, csum: 0 }), deliver: (packet) => got.push(packet) };
const got = [];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
${source}`;

/** What a program printed. @throws where it does not end with 0. */
export function inNamespace(source: string, ...flags: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(
    'unshare',
    ['-n', process.execPath, ...flags, '--input-type=module', '-e', program(source)],
    { encoding: 'utf8', timeout: 20_000, cwd: new URL('..', import.meta.url).pathname },
  );
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** Why there are no devices here; undefined where there are. */
export const cannot = (): string | undefined =>
  !hasNative()
    ? 'the native addon is not compiled'
    : !existsSync('/dev/net/tun')
      ? 'there is no /dev/net/tun'
      : spawnSync('unshare', ['-n', 'true']).status !== 0
        ? 'network namespaces cannot be made'
        : undefined;
