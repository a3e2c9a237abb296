// @protoloom/tcp-cubic: CUBIC congestion control, RFC 9438, with HyStart++, RFC 9406.
import { attach, definePlugin } from '@protoloom/contracts';
import { CONGESTION_CONTROL } from '@protoloom/contracts/tcp';
import { control } from './cubic.js';
import { VERSION } from './version.js';

export const tcpCubic = definePlugin({
  name: '@protoloom/tcp-cubic',
  version: VERSION,
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, 'cubic', '^1.0') },
  create: () => ({ handlers: { control } }),
});

export { control as cubic, VERSION };
