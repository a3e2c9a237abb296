// A set of message types, 0 to 255: text such as 0-1,3-127, as Linux writes bitmaps, and eight words of 32 bits.

const TYPES = 256;

/** @throws Error that says what is allowed. */
export function parseTypes(text: string): readonly number[] {
  const words = new Array<number>(TYPES / 32).fill(0);
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const [, first, last = first] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()) ?? [];
    const from = Number(first);
    const to = Number(last);
    if (!(from <= to && to < TYPES)) throw new Error(`takes types from 0 to ${TYPES - 1} and ranges of them, such as 0-1,3-127`);
    for (let type = from; type <= to; type++) words[type >>> 5] = (words[type >>> 5] as number) | (1 << (type & 31));
  }
  return words;
}

export const hasType = (words: readonly number[], type: number): boolean => (((words[type >>> 5] as number) >>> (type & 31)) & 1) === 1;

export function formatTypes(words: readonly number[]): string {
  const ranges: string[] = [];
  for (let from = 0; from < TYPES; from++) {
    if (!hasType(words, from)) continue;
    let to = from;
    while (to + 1 < TYPES && hasType(words, to + 1)) to++;
    ranges.push(to === from ? String(from) : `${from}-${to}`);
    from = to;
  }
  return ranges.join(',');
}
