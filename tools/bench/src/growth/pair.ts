// Two hosts on a cable, in virtual time, driven by hand: every turn that is due, in one thread.
import { webcrypto } from 'node:crypto';
import type { Plugin } from '@protoloom/contracts';
import { linuxHost } from '@protoloom/linux';
import { assemble, type Stack } from '@protoloom/stack';
import { CableEnd } from './cable.js';

/** Entropy at a time, as getRandomValues gives it. */
const MOST_ENTROPY = 65_536;
/** Where time begins, µs. */
const START_US = 1_000_000;

export const NEAR = '10.0.0.1';
export const FAR = '10.0.0.2';

export class Pair {
  nowUs = START_US;
  readonly near: Stack;
  readonly far: Stack;
  readonly #ends = [new CableEnd(1), new CableEnd(2)] as const;

  /** @param plugins beside the whole host's, in the near one. */
  constructor(plugins: readonly Plugin[] = []) {
    const [near, far] = this.#ends;
    near.other = far;
    far.other = near;
    this.near = this.#host(near, `${NEAR}/8`, [...linuxHost, ...plugins]);
    this.far = this.#host(far, `${FAR}/8`, linuxHost);
    this.settle();
  }

  /** Frames that crossed the cable, both ways. */
  get frames(): number {
    return this.#ends[0].frames + this.#ends[1].frames;
  }

  /** Frames that an end had no room for. */
  get lost(): number {
    return this.#ends[0].lost + this.#ends[1].lost;
  }

  /** The far end's link address, colon form. */
  get farLinkAddress(): string {
    return [...this.#ends[1].address].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  }

  /** Runs every turn that is due. */
  settle(): void {
    const { near, far } = this;
    for (let busy = true; busy; ) {
      busy = false;
      for (const stack of [near, far]) {
        if (stack.nextTurnUs() > this.nowUs) continue;
        stack.turn();
        busy = true;
      }
    }
  }

  /** Lets time pass, and settles. */
  advance(us: number): void {
    this.nowUs += us;
    this.settle();
  }

  async stop(): Promise<void> {
    await Promise.all([this.near.stop(), this.far.stop()]);
  }

  #host(device: CableEnd, address: string, plugins: readonly Plugin[]): Stack {
    const stack = assemble({
      plugins,
      sysctls: { 'net.ipv6.conf.default.accept_dad': 0 },
      host: {
        nowUs: () => this.nowUs,
        entropy(bytes) {
          for (let at = 0; at < bytes.length; at += MOST_ENTROPY) webcrypto.getRandomValues(bytes.subarray(at, at + MOST_ENTROPY));
        },
      },
    });
    stack.start();
    stack.link.add(device);
    stack.link.up('eth0');
    stack.address.add('eth0', address);
    return stack;
  }
}
