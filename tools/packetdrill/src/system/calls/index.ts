// Every system call that scripts may make, by its name.
import type { CallDefinition } from '../operation.js';
import { optionCalls } from './options.js';
import { plainCalls } from './plain.js';
import { readinessCalls } from './readiness.js';
import { socketCalls } from './sockets.js';
import { transferCalls } from './transfer.js';

export const calls: Readonly<Record<string, CallDefinition>> = {
  ...socketCalls,
  ...transferCalls,
  ...optionCalls,
  ...readinessCalls,
  ...plainCalls,
};
