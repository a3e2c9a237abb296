// @protoloom/wire: bytes only.
export { AddressError, type AddressErrorCode } from './address-error.js';
export * from './checksum.js';
export { FlowTable, isFlow, WordsTable } from './flow-table.js';
export { Ip4Address } from './ip4.js';
export { Ip6Address } from './ip6.js';
export { extensionBytes, IP6_HEADER_BYTES, nextHeaderAt } from './ip6-headers.js';
export { MacAddress } from './mac.js';
export { copyOctets, copyView, copyViewed, type Octets } from './octets.js';
export { InterfaceAddress, type IpAddress, Mask, Prefix, parseAddress, Wildcard } from './prefix.js';
export * from './seq.js';
export { halfSipHash, SipHash } from './siphash.js';
export { VERSION } from './version.js';
export * from './words.js';
