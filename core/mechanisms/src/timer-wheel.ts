// A hierarchical hashed timer wheel: arming, re-arming, disarming and cancelling cost a few nanoseconds, however many timers there are.

/** Slots of one level, and how many levels: 2^32 µs ahead, beyond which timers wait in the last level and are filed again. */
const BITS = 8;
const SLOTS = 1 << BITS;
const MASK = SLOTS - 1;
const LEVELS = 4;
/** Ticks of one slot, by level. */
const WIDTHS: readonly number[] = Array.from({ length: LEVELS }, (_, level) => 2 ** (level * BITS));

/** A timer, or the head of a slot's list: linked into the wheel itself. A base for what wants to be timed. */
export class WheelTimer {
  /** When it is due, µs. */
  dueUs = 0;
  /** It fires when it is due; one that is not may be filed all the same. */
  armed = false;
  /** The tick under which it is filed: never after `dueUs`, and before it once it was re-armed for later. */
  filedTick = 0;
  /** The slot that it is filed in, or was last. */
  slot = 0;
  /** Links of the slot that it is filed in; itself where it is in none. */
  next: WheelTimer;
  previous: WheelTimer;

  constructor() {
    this.next = this;
    this.previous = this;
  }
}

const isFiled = (timer: WheelTimer): boolean => timer.next !== timer;

const unlink = (timer: WheelTimer): void => {
  timer.previous.next = timer.next;
  timer.next.previous = timer.previous;
  timer.next = timer;
  timer.previous = timer;
};

const append = (head: WheelTimer, timer: WheelTimer): void => {
  const last = head.previous;
  last.next = timer;
  timer.previous = last;
  timer.next = head;
  head.previous = timer;
};

/** Timers with a resolution of `tickUs`; one that is due fires with the first `expire` at or after its time, never before. */
export class TimerWheel {
  readonly tickUs: number;
  /** Every tick before this one has been dealt with. */
  #tick: number;
  /** No slot that holds anything comes before this tick, in whatever level. */
  #soonest = Number.POSITIVE_INFINITY;
  readonly #slots: readonly WheelTimer[] = Array.from({ length: SLOTS * LEVELS }, () => new WheelTimer());
  /** Which slots hold timers, 32 to a word. */
  readonly #occupied = new Int32Array((SLOTS * LEVELS) / 32);
  /** Those of the tick at hand. */
  readonly #due = new WheelTimer();
  /** Those of a slot that is being filed again. */
  readonly #waiting = new WheelTimer();
  #count = 0;

  /** @param nowUs where time starts. @param tickUs resolution, µs: timers of one tick fire in the order in which they were armed. */
  constructor(nowUs: number, tickUs = 1) {
    this.tickUs = tickUs;
    this.#tick = Math.floor(nowUs / tickUs);
  }

  /** How many are armed. */
  get size(): number {
    return this.#count;
  }

  /** Arms or re-arms it. One that is moved to later stays where it is filed, and is filed again when its slot comes. */
  arm(timer: WheelTimer, dueUs: number): void {
    const tick = Math.max(this.#tick, Math.ceil(dueUs / this.tickUs));
    timer.dueUs = dueUs;
    if (!timer.armed) {
      timer.armed = true;
      this.#count++;
    }
    if (isFiled(timer)) {
      if (tick >= timer.filedTick) return;
      this.#leave(timer);
    }
    this.#file(timer, tick);
  }

  /** Disarms it where it is filed: armed again before that slot comes, for no earlier, it need not be filed anew. */
  disarm(timer: WheelTimer): void {
    if (!timer.armed) return;
    timer.armed = false;
    this.#count--;
  }

  /** Disarms it, and takes it out of its slot: left there it would keep its owner in memory until that came. */
  cancel(timer: WheelTimer): void {
    this.disarm(timer);
    if (isFiled(timer)) this.#leave(timer);
  }

  /**
   * Runs what is due at `nowUs`, at most `most`, earliest ticks first. `run` may arm and cancel any timer. What `run` throws leaves the
   * wheel whole, and ends this call.
   * @returns how many ran.
   */
  expire(nowUs: number, run: (timer: WheelTimer) => void, most: number = Number.POSITIVE_INFINITY): number {
    const until = Math.floor(nowUs / this.tickUs);
    let ran = 0;
    for (;;) {
      while (this.#due.next !== this.#due) {
        if (ran >= most) return ran;
        const timer = this.#due.next;
        unlink(timer);
        if (!timer.armed) continue;
        const tick = Math.ceil(timer.dueUs / this.tickUs);
        if (tick > until) {
          this.#file(timer, Math.max(tick, this.#tick));
          continue;
        }
        timer.armed = false;
        this.#count--;
        ran++;
        run(timer);
      }
      if (this.#tick > until) return ran;
      this.#advance(until);
    }
  }

  /** When the next may be due, µs: never after it is; Infinity where none is armed. */
  nextUs(): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    return (this.#due.next !== this.#due ? this.#tick : this.#soonest) * this.tickUs;
  }

  /**
   * The next tick whose slot holds anything, in whatever level. Slots of upper levels hold timers of many ticks: a bound, not the time itself.
   */
  #nextTick(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let level = 0; level < LEVELS; level++) {
      const width = WIDTHS[level] as number;
      const from = Math.ceil(this.#tick / width);
      for (let step = 0; step < SLOTS; ) {
        const slot = (from + step) & MASK;
        const word = (this.#occupied[(level * SLOTS + slot) >> 5] as number) >>> (slot & 31);
        if (word === 0) {
          step += 32 - (slot & 31);
          continue;
        }
        step += 31 - Math.clz32(word & -word);
        if (step < SLOTS) earliest = Math.min(earliest, (from + step) * width);
        break;
      }
    }
    return earliest;
  }

  /** Files under the level whose slot comes no later than `tick`. */
  #file(timer: WheelTimer, tick: number): void {
    timer.filedTick = tick;
    const ahead = tick - this.#tick;
    let level = 0;
    while (level < LEVELS - 1 && ahead >= (WIDTHS[level + 1] as number)) level++;
    const width = WIDTHS[level] as number;
    const slot = Math.min(Math.floor(tick / width), Math.floor(this.#tick / width) + MASK);
    const index = level * SLOTS + (slot & MASK);
    this.#soonest = Math.min(this.#soonest, slot * width);
    timer.slot = index;
    append(this.#slots[index] as WheelTimer, timer);
    this.#occupied[index >> 5] = (this.#occupied[index >> 5] as number) | (1 << (index & 31));
  }

  /** Takes it out of its slot, which nobody need look at when it was the last there. */
  #leave(timer: WheelTimer): void {
    unlink(timer);
    const { slot } = timer;
    const head = this.#slots[slot] as WheelTimer;
    if (head.next === head) this.#occupied[slot >> 5] = (this.#occupied[slot >> 5] as number) & ~(1 << (slot & 31));
  }

  /** Moves to the next tick up to `until` whose slot holds anything; its timers become due. */
  #advance(until: number): void {
    while (this.#tick <= until) {
      const tick = this.#soonest;
      if (tick > until) {
        this.#tick = until + 1;
        return;
      }
      this.#tick = tick;
      // Entering a new slot of an upper level: its timers are filed again, nearer.
      for (let level = LEVELS - 1; level > 0; level--) {
        const width = WIDTHS[level] as number;
        if (tick % width === 0) this.#refile(level * SLOTS + (Math.floor(tick / width) & MASK));
      }
      const found = this.#take(tick & MASK, this.#due);
      this.#tick = tick + 1;
      this.#soonest = this.#nextTick();
      if (found) return;
    }
  }

  #take(index: number, into: WheelTimer): boolean {
    const head = this.#slots[index] as WheelTimer;
    this.#occupied[index >> 5] = (this.#occupied[index >> 5] as number) & ~(1 << (index & 31));
    if (head.next === head) return false;
    while (head.next !== head) {
      const timer = head.next;
      unlink(timer);
      append(into, timer);
    }
    return true;
  }

  #refile(index: number): void {
    const waiting = this.#waiting;
    if (!this.#take(index, waiting)) return;
    while (waiting.next !== waiting) {
      const timer = waiting.next;
      unlink(timer);
      if (timer.armed) this.#file(timer, Math.max(this.#tick, Math.ceil(timer.dueUs / this.tickUs)));
    }
  }
}
