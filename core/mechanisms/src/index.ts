// @protoloom/mechanisms: Protocol-free algorithms with time as an argument.
export { VERSION } from './version.js';
