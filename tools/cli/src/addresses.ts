// Waiting for addresses of IPv6: those that routers give (RFC 4862 §5.5), and until they have been checked (RFC 4862 §5.4).
import type { AddressInfo } from '@protoloom/contracts/control';
import type { Stack } from '@protoloom/stack';
import { UsageError } from './usage.js';

const PATIENCE_MS = 30_000;
const LOOK_MS = 20;

const isChecked = ({ flags }: AddressInfo): boolean => !flags.includes('tentative');

/** Looks until `holds` does. False: it has not in `PATIENCE_MS`. */
async function settles(stack: Stack, iface: string, holds: (addresses: readonly AddressInfo[]) => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
    if (holds(stack.address.list({ iface, family: 'inet6' }))) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

/** Resolves once the interface has a global address that a router's advertisement gave, and may use it. @throws UsageError where none comes. */
export async function autoconfigured(stack: Stack, iface: string): Promise<void> {
  const found = await settles(stack, iface, (addresses) =>
    addresses.some((one) => one.scope === 'global' && !one.flags.includes('permanent') && isChecked(one)),
  );
  if (!found) throw new UsageError(`--slaac: no router on ${iface} has advertised a prefix for ${PATIENCE_MS / 1000} s`);
}

/** Resolves once each of the addresses may be used, or is known to be another host's. @param texts CIDR, as they were added. */
export async function checked(stack: Stack, iface: string, texts: readonly string[]): Promise<void> {
  const wanted = new Set(texts);
  await settles(stack, iface, (addresses) =>
    addresses.every((one) => !wanted.has(one.address) || isChecked(one) || one.flags.includes('dadfailed')),
  );
}
