// @protoloom/tun-tap: TAP and TUN devices of Linux through a small native addon.
export { VERSION } from './version.js';
