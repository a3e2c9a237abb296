// @protoloom/ethernet: Ethernet II and IEEE 802.3 link layer, RFC 894 and RFC 1042.
import { ARPHRD_ETHER, attach, DISSECTOR, definePlugin, LINK_INPUT, LINK_TYPE, use } from '@protoloom/contracts';
import { interfaceCounters } from './counters.js';
import { dissector } from './dissector.js';
import { EthernetLink } from './link.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export { ETH_P_802_2 } from './link.js';
export { VERSION, wire };

export const ethernet = definePlugin({
  name: '@protoloom/ethernet',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: { input: use(LINK_INPUT, '^1.0') },
  attaches: {
    link: attach(LINK_TYPE, ARPHRD_ETHER, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'link', number: ARPHRD_ETHER }, '^1.0'),
  },
  interfaceCounters,
  sysctls,
  create: ({ use: { input }, interfaceCounters: counters, sysctls: values }) => ({
    handlers: { link: new EthernetLink(input, counters, values), dissector },
  }),
});
