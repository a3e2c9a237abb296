// Addresses on the packet path: four int32 words in an Int32Array, in network order; IPv4 in its mapped form, 0, 0, 0xffff, a.b.c.d.

export function readIp4(view: DataView, at: number, words: Int32Array, to: number): void {
  words[to] = 0;
  words[to + 1] = 0;
  words[to + 2] = 0xffff;
  words[to + 3] = view.getInt32(at);
}

export function writeIp4(words: Int32Array, from: number, view: DataView, at: number): void {
  view.setInt32(at, words[from + 3] as number);
}

export function readIp6(view: DataView, at: number, words: Int32Array, to: number): void {
  words[to] = view.getInt32(at);
  words[to + 1] = view.getInt32(at + 4);
  words[to + 2] = view.getInt32(at + 8);
  words[to + 3] = view.getInt32(at + 12);
}

export function writeIp6(words: Int32Array, from: number, view: DataView, at: number): void {
  view.setInt32(at, words[from] as number);
  view.setInt32(at + 4, words[from + 1] as number);
  view.setInt32(at + 8, words[from + 2] as number);
  view.setInt32(at + 12, words[from + 3] as number);
}

export function copyWords(from: Int32Array, at: number, to: Int32Array, toAt: number): void {
  to[toAt] = from[at] as number;
  to[toAt + 1] = from[at + 1] as number;
  to[toAt + 2] = from[at + 2] as number;
  to[toAt + 3] = from[at + 3] as number;
}

export const equalWords = (a: Int32Array, at: number, b: Int32Array, bt: number): boolean =>
  a[at + 3] === b[bt + 3] && a[at + 2] === b[bt + 2] && a[at + 1] === b[bt + 1] && a[at] === b[bt];

export const isMappedWords = (words: Int32Array, at: number): boolean => words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff;

/** ::, or 0.0.0.0 in mapped form. */
export const isUnspecifiedWords = (words: Int32Array, at: number): boolean =>
  words[at + 3] === 0 && words[at] === 0 && words[at + 1] === 0 && (words[at + 2] === 0 || words[at + 2] === 0xffff);

/** Leading bits in which two addresses agree, 0 to 128. */
export function commonPrefixBits(a: Int32Array, at: number, b: Int32Array, bt: number): number {
  for (let i = 0; i < 4; i++) {
    const differ = (a[at + i] as number) ^ (b[bt + i] as number);
    if (differ !== 0) return i * 32 + Math.clz32(differ);
  }
  return 128;
}

/** Whether the first `bits` of 128 agree: an IPv4 /24 is 120. */
export const matchWords = (a: Int32Array, at: number, prefix: Int32Array, pt: number, bits: number): boolean =>
  commonPrefixBits(a, at, prefix, pt) >= bits;

export const ip4IsMulticast = (word: number): boolean => word >>> 28 === 0xe;
export const ip4IsLoopback = (word: number): boolean => word >>> 24 === 127;
export const ip4IsLinkLocal = (word: number): boolean => word >>> 16 === 0xa9fe;
/** 0.0.0.0/8, "this network". */
export const ip4IsZeroNet = (word: number): boolean => word >>> 24 === 0;
/** 240.0.0.0/4 but for the limited broadcast address. */
export const ip4IsReserved = (word: number): boolean => word >>> 28 === 0xf && word !== -1;

export const isMulticastWords = (words: Int32Array, at: number): boolean =>
  isMappedWords(words, at) ? ip4IsMulticast(words[at + 3] as number) : (words[at] as number) >>> 24 === 0xff;

export const isLoopbackWords = (words: Int32Array, at: number): boolean =>
  isMappedWords(words, at)
    ? ip4IsLoopback(words[at + 3] as number)
    : words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1;

export const isLinkLocalWords = (words: Int32Array, at: number): boolean =>
  isMappedWords(words, at) ? ip4IsLinkLocal(words[at + 3] as number) : (words[at] as number) >>> 22 === 0x3fa;

/** RFC 4007 §6: IPv6 addresses that mean nothing without a zone: link-local ones, and groups of an interface or a link. */
export const needsZoneWords = (words: Int32Array, at: number): boolean => {
  const word = words[at] as number;
  if (word >>> 24 !== 0xff) return word >>> 22 === 0x3fa;
  const scope = (word >>> 16) & 0xf;
  return scope === 1 || scope === 2;
};

/** 255.255.255.255. */
export const isLimitedBroadcastWords = (words: Int32Array, at: number): boolean => isMappedWords(words, at) && words[at + 3] === -1;
