// @protoloom/bench: throughput as a ratio against the device's limit.
export { main } from './main.js';
export { VERSION } from './version.js';
