// @protoloom/tun: the L3 device's link type, which carries bare IP packets.
import { ARPHRD_NONE, attach, DISSECTOR, definePlugin, LINK_INPUT, LINK_TYPE, use } from '@protoloom/contracts';
import { interfaceCounters } from './counters.js';
import { dissector } from './dissector.js';
import { TunLink } from './link.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export { VERSION, wire };

export const tun = definePlugin({
  name: '@protoloom/tun',
  version: VERSION,
  api: '^1.0.0',
  uses: { input: use(LINK_INPUT, '^1.0') },
  attaches: {
    link: attach(LINK_TYPE, ARPHRD_NONE, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'link', number: ARPHRD_NONE }, '^1.0'),
  },
  interfaceCounters,
  create: ({ use: { input }, interfaceCounters: counters }) => ({ handlers: { link: new TunLink(input, counters), dissector } }),
});
