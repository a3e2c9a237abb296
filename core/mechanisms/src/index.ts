// @protoloom/mechanisms: protocol-free algorithms with time as an argument.

export * from './address-buckets.js';
export * from './ecn.js';
export * from './fifo.js';
export * from './fragments.js';
export * from './group-records.js';
export * from './group-reporter.js';
export * from './inbound-error.js';
export * from './options-header.js';
export * from './reassembly.js';
export * from './reno.js';
export * from './source-filter.js';
export * from './timer-wheel.js';
export * from './token-bucket.js';
export { VERSION } from './version.js';
export * from './window.js';
