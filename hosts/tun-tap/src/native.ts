// The native addon: its calls, and where it is found. Importing this never fails; opening a device says what is missing.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';

/** What the addon keeps: a device or a timer. */
export type NativeHandle = { readonly native: unique symbol };

/** What `read` answers where it fails, less the errno. */
export const READ_FAILED = -(2 ** 31);

/** Calls that may fail answer a negative errno then; `read` another number. */
export interface Native {
  open(name: string, tap: boolean, vnet: boolean, multiQueue: boolean, readable: () => void, writable: () => void): NativeHandle | number;
  nameOf(device: NativeHandle): string | number;
  /** Whether the kernel cuts UDP's super-segments. */
  cutsDatagrams(device: NativeHandle): boolean;
  bind(device: NativeHandle, slab: Uint8Array, places: Int32Array, header: Uint8Array, outbox: Uint8Array, outboxPlaces: Int32Array): void;
  /** How many packets; -1 - count where more may wait; READ_FAILED + errno. */
  read(device: NativeHandle, most: number, room: number): number;
  write(device: NativeHandle, bytes: Uint8Array, from: number, to: number, ...fragments: (Uint8Array | number)[]): number;
  /** Writes the outbox's frames from one to another; how many are dealt with: where they have no payload elsewhere, fewer if the device is full. */
  flush(device: NativeHandle, from: number, to: number, payload: Uint8Array | undefined): number;
  watch(device: NativeHandle, reading: boolean, writing: boolean): number;
  close(handle: NativeHandle): void;
  timerOpen(expired: () => void): NativeHandle | number;
  timerArm(timer: NativeHandle, us: number): number;
  timerRead(timer: NativeHandle): number;
  interfaceGet(name: string, what: number): number;
  interfaceMac(name: string, into: Uint8Array): number;
  interfaceSet(name: string, what: number, value: number): number;
  interfaceAddress(name: string, octets: Uint8Array, prefixLength: number): number;
}

const root = join(fileURLToPath(new URL('.', import.meta.url)), '..');
const places = [join(root, 'build', 'tuntap.node'), join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'tuntap.node')];

let loaded: Native | undefined;

/** The addon. @throws Error ERR_NO_ADDON, which says how to get it. */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const place of places) {
    try {
      loaded = require(place) as Native;
      return loaded;
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] as string) : String(error));
    }
  }
  const why =
    process.platform === 'linux'
      ? 'compile it with `npm run build:native` (it needs a C compiler)'
      : `TAP and TUN devices are for Linux, not ${process.platform}`;
  throw Object.assign(new Error(`the native addon of @protoloom/tun-tap is not there: ${why}`, { cause: reasons }), {
    code: 'ERR_NO_ADDON',
  });
}

/** Whether the addon is there. */
export function hasNative(): boolean {
  try {
    native();
    return true;
  } catch {
    return false;
  }
}

/** A system error as Node makes them. @param result a negative errno. */
export function systemError(result: number, syscall: string, detail: string, advice = ''): NodeJS.ErrnoException {
  const code = getSystemErrorName(result);
  const message = `${code}: ${syscall} ${detail}${advice === '' ? '' : `: ${advice}`}`;
  return Object.assign(new Error(message), { code, errno: result, syscall });
}
