// How one header of an IPv6 packet follows another: RFC 8200 §4.

export const IP6_HEADER_BYTES = 40;
const NEXT_HEADER = 6;
const FRAGMENT = 44;
const FRAGMENT_BYTES = 8;
const AUTHENTICATION = 51;

/**
 * Octets of the extension header of number `header` at `at`: in units of 8 beyond the first (RFC 6564 §4), but for the fragment header, and for
 * authentication, which counts in units of 4 (RFC 4302 §2.2). Its first two octets are there.
 */
export function extensionBytes(v: DataView, header: number, at: number): number {
  if (header === FRAGMENT) return FRAGMENT_BYTES;
  const length = v.getUint8(at + 1);
  return header === AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
}

/** Where the number of the header at `l4` stands, an index as `l3` where the IPv6 header starts; between them are headers that were passed. */
export function nextHeaderAt(v: DataView, l3: number, l4: number): number {
  let numberAt = l3 + NEXT_HEADER;
  for (let at = l3 + IP6_HEADER_BYTES; at < l4; ) {
    const length = extensionBytes(v, v.getUint8(numberAt), at);
    numberAt = at;
    at += length;
  }
  return numberAt;
}
