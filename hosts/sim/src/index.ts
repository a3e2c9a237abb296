// @protoloom/sim: many stacks on virtual wires in virtual time.
export { type Frame, plainFrame, SimDevice, type SimDeviceOptions } from './device.js';
export { Events } from './events.js';
export { Random } from './random.js';
export { type HostOptions, Simulation } from './simulation.js';
export { VERSION } from './version.js';
export { type Impairment, type WireClock, WireDirection, type WireEnd, type WireStatistics } from './wire.js';
