// @protoloom/bench: figures of a host as ratios against the device's limit, the kernel and others.
export { main } from './main.js';
export { type Interval, median, medianInterval } from './statistics.js';
export { VERSION } from './version.js';
