// @protoloom/neighbour: Neighbour state machine of RFC 4861 §7.3 for every family.
export { VERSION } from './version.js';
