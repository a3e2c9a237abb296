// @protoloom/linux: The whole host: every plugin assembled with Linux defaults.
export { VERSION } from './version.js';
