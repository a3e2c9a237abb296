// @protoloom/ethernet: Ethernet II, 802.3 with LLC and SNAP.
export { VERSION } from './version.js';
