// @protoloom/compliance: What any plugin of a kind must do: suites to run on your own.
export { VERSION } from './version.js';
