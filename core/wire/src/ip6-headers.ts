// How one header of an IPv6 packet follows another: RFC 8200 §4.

const HEADER_BYTES = 40;
const NEXT_HEADER = 6;
const FRAGMENT = 44;
const FRAGMENT_BYTES = 8;

/** Where the number of the header at `l4` stands, an index as `l3` where the IPv6 header starts; between them are headers that were passed. */
export function nextHeaderAt(v: DataView, l3: number, l4: number): number {
  let numberAt = l3 + NEXT_HEADER;
  for (let at = l3 + HEADER_BYTES; at < l4; ) {
    const length = v.getUint8(numberAt) === FRAGMENT ? FRAGMENT_BYTES : (v.getUint8(at + 1) + 1) * 8;
    numberAt = at;
    at += length;
  }
  return numberAt;
}
