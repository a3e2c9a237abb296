// @protoloom/scenarios: conversations between hosts on a simulated wire, and plugins as outsiders would write them.

export { dctcp } from './dctcp.js';
export { assembled } from './journeys/assemble.js';
export { fixedWindow } from './journeys/controller.js';
export { reverse } from './journeys/protocol.js';
export { greeter, greeting } from './third-party.js';
export { toyNetwork } from './toy-network.js';
export { VERSION } from './version.js';
