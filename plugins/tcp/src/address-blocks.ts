// Addresses of connections: many share a block of memory, for an array of its own costs each several times what is in it.

/** Words of one connection, ours and the peer's; connections that share a block. */
const WORDS = 8;
const TOGETHER = 64;

export class AddressBlocks {
  #block = new Int32Array(0);
  #at = 0;

  /** Eight words, all of them 0. */
  take(): Int32Array {
    if (this.#at === this.#block.length) {
      this.#block = new Int32Array(WORDS * TOGETHER);
      this.#at = 0;
    }
    this.#at += WORDS;
    return this.#block.subarray(this.#at - WORDS, this.#at);
  }

  /** Eight words as they stand elsewhere. */
  copy(from: Int32Array): Int32Array {
    const words = this.take();
    for (let i = 0; i < WORDS; i++) words[i] = from[i] as number;
    return words;
  }
}
