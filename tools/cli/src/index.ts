// protoloom: The protoloom command.
export { VERSION } from './version.js';
