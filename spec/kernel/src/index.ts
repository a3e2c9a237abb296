// @protoloom/kernel: A host against the real Linux kernel over TAP.
export { VERSION } from './version.js';
