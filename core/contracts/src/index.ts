// @protoloom/contracts: Every public token, point and type of protoloom; no behaviour.
export { VERSION } from './version.js';
