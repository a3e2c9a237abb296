// A stack on Node: clock, entropy, log, driver.

import { webcrypto } from 'node:crypto';
// The global of the name is looked up with every use.
import { performance } from 'node:perf_hooks';
import type { Plugin, SysctlValue } from '@protoloom/contracts';
import { assemble, type Problem, type Stack, type StackHost } from '@protoloom/stack';
import { Driver, type MakeTimer } from './driver.js';

export interface NodeHostOptions {
  readonly plugins: readonly Plugin[];
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
  readonly log?: StackHost['log'];
  /** A finer timer than Node's: `(expired) => new TimerFd(expired)` of @protoloom/tun-tap. */
  readonly timer?: MakeTimer;
}

export interface NodeHost {
  readonly stack: Stack;
  /** Closes sockets, stops plugins, takes interfaces down; bounded in time. @returns what went wrong in between. */
  stop(): Promise<readonly Problem[]>;
}

/** µs since the process started, whole numbers. */
const nowUs = (): number => Math.floor(performance.now() * 1000);

/** getRandomValues fills so many octets at once. */
const ENTROPY_AT_ONCE = 65_536;

/** Assembles, starts and drives a stack. @throws AssemblyError, SysctlError. */
export function startHost({ plugins, sysctls = {}, log, timer }: NodeHostOptions): NodeHost {
  const host: StackHost = {
    nowUs,
    epochUs: Math.floor(performance.timeOrigin * 1000),
    entropy(bytes) {
      for (let at = 0; at < bytes.length; at += ENTROPY_AT_ONCE) webcrypto.getRandomValues(bytes.subarray(at, at + ENTROPY_AT_ONCE));
    },
    ...(log === undefined ? {} : { log }),
  };
  const stack = assemble({ plugins, sysctls, host });
  stack.start();
  const driver = new Driver(stack, nowUs, timer);
  return {
    stack,
    async stop() {
      const problems = await stack.stop();
      driver.stop();
      return problems;
    },
  };
}
