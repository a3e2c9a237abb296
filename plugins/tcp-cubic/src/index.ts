// @protoloom/tcp-cubic: CUBIC congestion control, RFC 9438, with HyStart++, RFC 9406.
import { attach, definePlugin } from '@protoloom/contracts';
import { CONGESTION_CONTROL } from '@protoloom/contracts/tcp';
import { counters } from './counters.js';
import { control, controlCounting } from './cubic.js';
import { VERSION } from './version.js';

export const tcpCubic = definePlugin({
  name: '@protoloom/tcp-cubic',
  version: VERSION,
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, 'cubic', '^1.0') },
  counters,
  create: ({ counters }) => ({ handlers: { control: controlCounting(counters) } }),
});

export { control as cubic, VERSION };
