// @protoloom/wire: Bytes only: checksum, sequence order, addresses, prefixes, flow table.
export { VERSION } from './version.js';
