// @protoloom/bench: Benchmarks: ratios against the device's limit and against peers.
export { VERSION } from './version.js';
