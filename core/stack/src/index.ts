// @protoloom/stack: assembles plugins into a stack, and runs it turn by turn.
export type { Description } from './assembly/describe.js';
export { AssemblyError, type Problem, type ProblemCode } from './assembly/problems.js';
export { ControlError } from './control-error.js';
export type { Conservation, CounterReading, CounterRegistry } from './counters.js';
export type { DissectedLayer } from './dissect.js';
export { type Received, Socket, type SocketName, type WaitOptions } from './socket/socket.js';
export { errnoName, SocketError } from './socket/socket-error.js';
export { type AssembleOptions, assemble, type LogLevel, Stack, type StackHost } from './stack.js';
export { SysctlError, type SysctlReading, type SysctlRegistry } from './sysctls.js';
export { VERSION } from './version.js';
