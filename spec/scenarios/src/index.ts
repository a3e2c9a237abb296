// @protoloom/scenarios: Conversations between hosts on a simulated wire.
export { VERSION } from './version.js';
