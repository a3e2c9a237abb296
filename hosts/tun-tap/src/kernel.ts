// The kernel's end of an interface: what `ip link` and `ip address` would do to it.
import { InterfaceAddress } from '@protoloom/wire';
import { native, systemError } from './native.js';

const INDEX = 'i'.charCodeAt(0);
const MTU = 'm'.charCodeAt(0);
const QUEUE = 'q'.charCodeAt(0);
const FLAGS = 'f'.charCodeAt(0);
const UP = 'u'.charCodeAt(0);
const IFF_UP = 1;

/** One interface of the kernel's, by name. Calls throw Node's system errors. */
export class KernelInterface {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Whether there is such an interface, in this network namespace. */
  get exists(): boolean {
    return native().interfaceGet(this.name, INDEX) >= 0;
  }
  get index(): number {
    return this.#check('SIOCGIFINDEX', native().interfaceGet(this.name, INDEX));
  }
  get mtu(): number {
    return this.#check('SIOCGIFMTU', native().interfaceGet(this.name, MTU));
  }
  /** Frames that wait to be read, at most: `txqueuelen`. */
  get queueFrames(): number {
    return this.#check('SIOCGIFTXQLEN', native().interfaceGet(this.name, QUEUE));
  }
  get isUp(): boolean {
    return (this.#check('SIOCGIFFLAGS', native().interfaceGet(this.name, FLAGS)) & IFF_UP) !== 0;
  }
  /** Six octets. */
  get address(): Uint8Array {
    const octets = new Uint8Array(6);
    this.#check('SIOCGIFHWADDR', native().interfaceMac(this.name, octets));
    return octets;
  }

  setMtu(mtu: number): void {
    this.#check('SIOCSIFMTU', native().interfaceSet(this.name, MTU, mtu));
  }
  setQueueFrames(frames: number): void {
    this.#check('SIOCSIFTXQLEN', native().interfaceSet(this.name, QUEUE, frames));
  }
  setUp(up: boolean): void {
    this.#check('SIOCSIFFLAGS', native().interfaceSet(this.name, UP, up ? 1 : 0));
  }

  /** @param cidr `192.0.2.1/24` or `2001:db8::1/64`. @throws AddressError, or a system error. */
  addAddress(cidr: string): void {
    const { address, length } = InterfaceAddress.parse(cidr);
    this.#check('SIOCSIFADDR', native().interfaceAddress(this.name, address.toBytes(), length));
  }

  #check(syscall: string, result: number): number {
    if (result < 0) throw systemError(result, syscall, this.name);
    return result;
  }
}
