// @protoloom/tun-tap: TAP and TUN devices of Linux through a small native addon.
export { type DeviceOptions, openTap, openTun, QUEUE_FRAMES, TunTapDevice } from './device.js';
export { KernelInterface } from './kernel.js';
export { hasNative } from './native.js';
export { TimerFd } from './timer.js';
export { VERSION } from './version.js';
