// @protoloom/tcp-reno: Reno congestion control, RFC 5681.
import { attach, definePlugin } from '@protoloom/contracts';
import { CONGESTION_CONTROL } from '@protoloom/contracts/tcp';
import { control } from './reno.js';
import { VERSION } from './version.js';

export const tcpReno = definePlugin({
  name: '@protoloom/tcp-reno',
  version: VERSION,
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, 'reno', '^1.0') },
  create: () => ({ handlers: { control } }),
});

export { control as reno, VERSION };
