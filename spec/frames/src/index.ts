// @protoloom/frames: golden frames, written octet by octet from the RFCs, and what to do to them.

export * from './golden.js';
export { FrameHost } from './host.js';
export * from './hostile.js';
export * from './ip6-host.js';
export { VERSION } from './version.js';
