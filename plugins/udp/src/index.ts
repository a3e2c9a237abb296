// @protoloom/udp: User datagram protocol, RFC 768.
export { VERSION } from './version.js';
