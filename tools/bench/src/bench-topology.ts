// The namespaces of one run: the client's device, whoever makes it, with its addresses.
import { spawnSync } from 'node:child_process';
import { QUEUE_FRAMES } from '@protoloom/tun-tap';
import { ip, Topology } from './topology.js';

const KERNEL = '10.99.0.1';
export const HOST = '10.99.0.2';
const KERNEL6 = 'fd99::1';
export const HOST6 = 'fd99::2';
export const PORT = 5001;
/** The client's end of the device; that of the programs that attach to one. */
export const DEVICE = 'bench0';
/** What slirp4netns has for the loopback address of where it runs. */
export const SLIRP_HOST = '10.0.2.2';
/** Of the two ends, with their prefix lengths. */
export const TAP_ADDRESSES = { kernel: [`${KERNEL}/24`, `${KERNEL6}/64`], host: [`${HOST}/24`, `${HOST6}/64`] } as const;
const SLIRP_DEVICE = 'slirp0';
const SLIRP_MTU = 65_520;
/** The addresses that the client's connections come from (native/peer.c): each has its own ports. */
const SOURCES = Array.from({ length: 8 }, (_, i) => `10.99.0.${101 + i}`);

export class BenchTopology extends Topology {
  constructor(pinned: boolean) {
    super('bench', pinned ? ['taskset', '-c', '0'] : []);
    for (const where of ['near', 'far'] as const) {
      // A client's port is free again as soon as the peer's timestamps allow, also to addresses beyond loopback.
      const sysctls = [
        'net.ipv4.tcp_tw_reuse=1',
        'net.ipv4.ip_local_port_range=1024 65535',
        // An address serves at once.
        'net.ipv6.conf.default.accept_dad=0',
      ];
      spawnSync('ip', ['netns', 'exec', this[where], 'sysctl', '-qw', ...sysctls], { timeout: 10_000 });
    }
  }

  /** Gives the client's device its further addresses. */
  addSources(device: string): void {
    for (const address of SOURCES) ip('-n', this.near, 'address', 'add', `${address}/24`, 'dev', device);
  }

  /** A TAP for a program that attaches to it. */
  tap(mtu: number): void {
    ip('-n', this.near, 'tuntap', 'add', 'dev', DEVICE, 'mode', 'tap');
    // As many as ours has by itself: nobody loses what another has room for.
    ip('-n', this.near, 'link', 'set', DEVICE, 'txqueuelen', String(QUEUE_FRAMES));
    this.#configure('near', DEVICE, mtu, TAP_ADDRESSES.kernel);
  }

  veth(mtu: number): void {
    ip('-n', this.near, 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', 'veth1', 'netns', this.far);
    this.#configure('near', DEVICE, mtu, TAP_ADDRESSES.kernel);
    this.#configure('far', 'veth1', mtu, TAP_ADDRESSES.host);
  }

  /** slirp4netns itself, beside the server that it leads to. */
  slirp(): ReturnType<Topology['inside']> {
    const options = ['--configure', `--mtu=${SLIRP_MTU}`, '--netns-type=path', `/run/netns/${this.near}`, SLIRP_DEVICE];
    return this.inside('far', 'slirp4netns', '--ready-fd=1', ...options);
  }

  #configure(where: 'near' | 'far', device: string, mtu: number, addresses: readonly string[]): void {
    const namespace = this[where];
    ip('-n', namespace, 'link', 'set', device, 'mtu', String(mtu));
    for (const address of addresses) ip('-n', namespace, 'address', 'add', address, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
  }
}
