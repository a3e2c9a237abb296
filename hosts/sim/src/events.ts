// What happens when in virtual time: a binary heap, equal times in the order in which they were asked for.

interface Event {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Event, b: Event): boolean => a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);

export class Events {
  readonly #heap: Event[] = [];
  #order = 0;

  /** When the next happens, µs; Infinity where nothing does. */
  get nextUs(): number {
    return this.#heap[0]?.atUs ?? Number.POSITIVE_INFINITY;
  }

  at(atUs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atUs, order: this.#order++, run };
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!before(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Takes out and runs the next. */
  run(): void {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return;
    if (heap.length > 0) {
      let index = 0;
      for (;;) {
        let child = 2 * index + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
        if (!before(heap[child] as Event, last)) break;
        heap[index] = heap[child] as Event;
        index = child;
      }
      heap[index] = last;
    }
    first.run();
  }
}
