// @protoloom/node: A stack on Node's event loop: driver, clock, entropy.
export { VERSION } from './version.js';
