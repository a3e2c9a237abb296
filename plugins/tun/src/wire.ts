/** Bare IP packets: the version is the first nibble (RFC 791 §3.1, RFC 8200 §3). */
export const version = (v: DataView, at: number): number => v.getUint8(at) >>> 4;
