// A host on a virtual Ethernet whose other end is the test's: frames go in by hand, and what comes out is kept.
import type { SysctlValue } from '@protoloom/contracts';
import { ipv6Plugins, linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { ethernet, HOST, PEER, PEER_MAC } from './golden.js';

/** Nothing leaves of itself: no link-local address is made, and checked. */
const QUIET = { 'net.ipv6.conf.default.addr_gen_mode': 1 };

export class FrameHost {
  readonly sim: Simulation;
  readonly stack: Stack;
  readonly device: SimDevice;
  /** The host's link address. */
  readonly mac: readonly number[];
  readonly #sent: Uint8Array[] = [];
  #before: Record<string, number> = {};

  /** 10.0.0.2/24 on `eth0`, with 10.0.0.1 known for a neighbour. @param ip6 false leaves IPv6 out, where a test puts its own in. */
  constructor(sysctls: Readonly<Record<string, SysctlValue>> = {}, mtu = 1500, ip6 = true, fastPaths = true) {
    this.sim = new Simulation(9);
    this.stack = this.sim.host({
      plugins: ip6 ? linuxHost : linuxHost.filter((plugin) => !ipv6Plugins.includes(plugin)),
      sysctls: { ...(ip6 ? QUIET : {}), ...sysctls },
      fastPaths,
    });
    this.device = this.sim.device({ mtu });
    this.mac = [...(this.device.address as Uint8Array)];
    this.device.onFrame = ({ bytes }) => void this.#sent.push(bytes);
    this.stack.link.add(this.device);
    this.stack.link.up('eth0');
    this.stack.address.add('eth0', `${HOST.join('.')}/24`);
    this.stack.neighbour.add('eth0', PEER.join('.'), PEER_MAC.map((octet) => octet.toString(16).padStart(2, '0')).join(':'));
    this.sim.advance(1000);
    this.#sent.length = 0;
  }

  /** An IPv4 packet arrives from the peer. */
  receive(packet: readonly number[], to: readonly number[] = this.mac): void {
    this.frame(ethernet(to, 0x0800, packet));
  }

  frame(frame: Uint8Array): void {
    this.device.arrive(plainFrame(frame));
    this.sim.advance(10);
  }

  /** IPv4 packets that have left since the last call, link headers taken off. */
  sent(): Uint8Array[] {
    this.sim.advance(10);
    return this.#sent.splice(0).map((frame) => frame.subarray(14));
  }

  /** Waits until the host has said what it says of itself, and counts from there. */
  settle(plugin: string): void {
    this.sim.advance(5_000_000);
    this.#sent.length = 0;
    this.#before = {};
    this.#before = this.counts(plugin);
  }

  /** Counters of a plugin that are not zero, since the host was settled if it was. */
  counts(plugin: string): Record<string, number> {
    const now = Object.entries(this.stack.counters.of(`@protoloom/${plugin}`));
    return Object.fromEntries(
      now.map(([name, value]) => [name, value - (this.#before[name] ?? 0)] as const).filter(([, value]) => value !== 0),
    );
  }
}
