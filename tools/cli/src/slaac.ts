// Waiting for stateless address autoconfiguration, RFC 4862, which the host does of itself.
import type { Stack } from '@protoloom/stack';
import { UsageError } from './usage.js';

const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

/** Resolves once the interface has a global address that a router's advertisement gave, and may use it. @throws UsageError where none comes. */
export async function autoconfigured(stack: Stack, iface: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
    const found = stack.address
      .list({ iface, family: 'inet6' })
      .some(({ scope, flags }) => scope === 'global' && !flags.includes('permanent') && !flags.includes('tentative'));
    if (found) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new UsageError(`--slaac: no router on ${iface} has advertised a prefix for ${PATIENCE_MS / 1000} s`);
}
