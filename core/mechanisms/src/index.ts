// @protoloom/mechanisms: protocol-free algorithms with time as an argument.
export * from './timer-wheel.js';
export { VERSION } from './version.js';
