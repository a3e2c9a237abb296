// @protoloom/docs: documentation that is data.
export { manifestTables, withTables } from './readme.js';
export { VERSION } from './version.js';
