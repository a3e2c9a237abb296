// @protoloom/ip: What every network family shares: routes, addresses, errors.
export { VERSION } from './version.js';
