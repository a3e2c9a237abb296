// A host on a device without link addresses, 2001:db8::2/64, whose other end is the test's.
import { ARPHRD_NONE, type SysctlValue } from '@protoloom/contracts';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';

/** Nothing leaves of itself: no router is asked for. */
const QUIET = { 'net.ipv6.conf.default.router_solicitations': 0 };

export class TunHost {
  readonly sim = new Simulation(7);
  readonly stack: Stack;
  readonly #device: SimDevice;
  readonly #sent: Uint8Array[] = [];

  constructor(sysctls: Readonly<Record<string, SysctlValue>> = {}) {
    this.stack = this.sim.host({ plugins: linuxHost, sysctls: { ...QUIET, ...sysctls } });
    this.#device = this.sim.device({ name: 'tun0', type: ARPHRD_NONE, mtu: 1500 });
    this.#device.onFrame = ({ bytes }) => void this.#sent.push(bytes);
    this.stack.link.add(this.#device);
    this.stack.link.up('tun0');
    this.stack.address.add('tun0', '2001:db8::2/64');
    this.sim.advance(1000);
    this.#sent.length = 0;
  }

  receive(packet: readonly number[]): void {
    this.#device.arrive(plainFrame(Uint8Array.from(packet)));
    this.sim.advance(10);
  }

  /** Packets that have left since the last call. */
  sent(): Uint8Array[] {
    this.sim.advance(10);
    return this.#sent.splice(0);
  }

  /** Counters of a plugin that are not zero. */
  counts(plugin: string): Record<string, number> {
    return Object.fromEntries(Object.entries(this.stack.counters.of(`@protoloom/${plugin}`)).filter(([, value]) => value !== 0));
  }
}
