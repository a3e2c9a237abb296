// @protoloom/stack: Assembler, registry, turn loop, packet pool, sockets, sysctls, counters.
export { VERSION } from './version.js';
