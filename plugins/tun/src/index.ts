// @protoloom/tun: Layer 3 link type: bare IP, as a TUN device carries it.
export { VERSION } from './version.js';
