// @protoloom/frames: Golden frames and hostile input.
export { VERSION } from './version.js';
