// tcp_mem: what the buffers of all connections take together, and what is done when that is much. Linux's sk_memory_allocated and its limits.
import type { Account } from './buffers/ring-memory.js';
import type { Tcp } from './context.js';
import type { Tcb } from './tcb.js';

/** tcp_mem counts pages, of 4096 bytes. */
const PAGE_BYTES = 4096;

export class Memory implements Account {
  readonly #tcp: Tcp;
  /** Bytes of all rings. */
  allocated = 0;
  /** From tcp_mem's second value on, until below its first. */
  pressure = false;
  #pressureSinceUs = 0;
  /** Writers that found tcp_mem's third value reached. */
  readonly #waiting = new Set<Tcb>();

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
  }

  get pages(): number {
    return Math.ceil(this.allocated / PAGE_BYTES);
  }

  /** Bytes of the least (0), the pressure (1) and the limit (2). */
  #limit(which: number): number {
    return (this.#tcp.sysctls.mem[which] as number) * PAGE_BYTES;
  }

  get isExhausted(): boolean {
    return this.allocated > this.#limit(2);
  }

  /** Send buffers had better not grow. */
  get isScarce(): boolean {
    return this.pressure || this.allocated >= this.#limit(0);
  }

  charge(bytes: number): void {
    this.allocated += bytes;
    if (this.pressure) {
      if (this.allocated <= this.#limit(0)) this.#leavePressure();
    } else if (this.allocated > this.#limit(1) || this.isExhausted) this.#enterPressure();
    if (this.#waiting.size > 0 && !this.isExhausted) this.#wakeAll();
  }

  /** Whether a buffer of a connection that holds `held` bytes may grow. @param least what each may have while there is any left. */
  grants(tcb: Tcb, held: number, least: number): boolean {
    if (this.allocated <= this.#limit(0)) return true;
    if (this.isExhausted) return false;
    if (held < least || !this.pressure) return true;
    // Under pressure whoever has less than its share goes on.
    return this.#limit(2) > this.#tcp.demux.size * (tcb.send.memory + tcb.receive.memory);
  }

  /** A writer that was refused: it is woken when there is memory again. */
  await(tcb: Tcb): void {
    this.#waiting.add(tcb);
  }

  /** A connection that has ended waits for nothing. */
  forget(tcb: Tcb): void {
    this.#waiting.delete(tcb);
  }

  #wakeAll(): void {
    for (const tcb of this.#waiting) tcb.user?.wake();
    this.#waiting.clear();
  }

  #enterPressure(): void {
    const { clock, counters } = this.#tcp;
    this.pressure = true;
    this.#pressureSinceUs = clock.nowUs;
    counters.memoryPressures++;
  }

  #leavePressure(): void {
    const { clock, counters } = this.#tcp;
    this.pressure = false;
    counters.memoryPressuresChrono += Math.floor((clock.nowUs - this.#pressureSinceUs) / 1000);
  }
}
