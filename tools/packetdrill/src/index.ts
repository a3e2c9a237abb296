// @protoloom/packetdrill: scripts in the packetdrill language against any assembled stack, in virtual time.

export { parseScript } from './language/parser.js';
export type { Script } from './language/script.js';
export { ScriptError } from './language/text.js';
export type { Mismatch } from './packets/compare.js';
export { type RunOptions, type RunResult, runScript } from './run/run.js';
export { VERSION } from './version.js';
