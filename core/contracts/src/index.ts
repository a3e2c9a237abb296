// @protoloom/contracts: every public token, point and type; no behaviour. The core's own vocabulary stands here, each protocol's in an
// entry point of its own (`@protoloom/contracts/tcp`).
export * from './counters.js';
export * from './device.js';
export * from './dissector.js';
export * from './errno.js';
export * from './host.js';
export * from './interface.js';
export * from './link.js';
export * from './packet.js';
export * from './plugin.js';
export * from './sysctl.js';
export * from './token.js';
export { VERSION } from './version.js';
