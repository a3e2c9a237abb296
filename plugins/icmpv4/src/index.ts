// @protoloom/icmpv4: Internet control message protocol, RFC 792 and RFC 1122 §3.2.2.
export { VERSION } from './version.js';
