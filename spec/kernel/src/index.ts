// @protoloom/kernel: a host against the real Linux kernel over TAP. Its tests are all there is to it.
export { VERSION } from './version.js';
