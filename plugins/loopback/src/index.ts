// @protoloom/loopback: The loopback link type.
export { VERSION } from './version.js';
