// @protoloom/tcp-newreno: NewReno congestion control, RFC 5681 and RFC 6582.
import { attach, definePlugin } from '@protoloom/contracts';
import { CONGESTION_CONTROL } from '@protoloom/contracts/tcp';
import { control } from './newreno.js';
import { VERSION } from './version.js';

export const tcpNewreno = definePlugin({
  name: '@protoloom/tcp-newreno',
  version: VERSION,
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, 'newreno', '^1.0') },
  create: () => ({ handlers: { control } }),
});

export { control as newreno, VERSION };
