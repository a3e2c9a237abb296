// @protoloom/check: Structure checks: the import law, peer ranges, what every package has.
export { VERSION } from './version.js';
