// @protoloom/arp: Address resolution protocol, RFC 826.
export { VERSION } from './version.js';
