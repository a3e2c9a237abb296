// @protoloom/tcp: Transmission control protocol, RFC 9293.
export { VERSION } from './version.js';
