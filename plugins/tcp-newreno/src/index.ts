// @protoloom/tcp-newreno: NewReno congestion control, RFC 5681 and RFC 6582.
export { VERSION } from './version.js';
