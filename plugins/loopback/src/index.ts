// @protoloom/loopback: the interface `lo`, and the link type that it speaks.
import { ARPHRD_LOOPBACK, attach, DISSECTOR, definePlugin, LINK_INPUT, LINK_TYPE, use } from '@protoloom/contracts';
import { LINKS } from '@protoloom/contracts/control';
import { counters } from './counters.js';
import { LoopbackDevice } from './device.js';
import { dissector } from './dissector.js';
import { LoopbackLink } from './link.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export { VERSION, wire };

export const loopback = definePlugin({
  name: '@protoloom/loopback',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: { input: use(LINK_INPUT, '^1.0'), links: use(LINKS, '^1.0') },
  attaches: {
    link: attach(LINK_TYPE, ARPHRD_LOOPBACK, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'link', number: ARPHRD_LOOPBACK }, '^1.0'),
  },
  counters,
  create({ use: { input, links }, counters: values }) {
    const device = new LoopbackDevice(input, values);
    return {
      handlers: { link: new LoopbackLink(input, values), dissector },
      start() {
        links.add(device);
        links.up(device.name);
      },
      stop() {
        links.remove(device.name);
      },
    };
  },
});
