// @protoloom/ipv4: Internet protocol version 4, RFC 791.
export { VERSION } from './version.js';
