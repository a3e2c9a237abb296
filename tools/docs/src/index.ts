// @protoloom/docs: documentation that is data.

export { type Readme, withClauses } from './conformance.js';
export { manifestTables, withTables } from './readme.js';
export { VERSION } from './version.js';
