// A timer with the kernel's resolution: Node's own resolve a millisecond.
import { native, systemError } from './native.js';

/** One shot at a time. @throws a system error, ERR_NO_ADDON. */
export class TimerFd {
  readonly #native = native();
  readonly #handle;

  constructor(expired: () => void) {
    const handle = this.#native.timerOpen(() => {
      this.#native.timerRead(this.#handle);
      expired();
    });
    if (typeof handle === 'number') throw systemError(handle, 'timerfd_create', '');
    this.#handle = handle;
  }

  /** Expires `us` from now, at the earliest in a microsecond. */
  arm(us: number): void {
    this.#native.timerArm(this.#handle, Math.max(1, us));
  }

  cancel(): void {
    this.#native.timerArm(this.#handle, 0);
  }

  close(): void {
    this.#native.close(this.#handle);
  }
}
