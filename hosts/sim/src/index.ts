// @protoloom/sim: Many stacks on virtual wires in virtual time.
export { VERSION } from './version.js';
