// undici has types for its users; this is of its inside.
declare module 'undici/lib/llhttp/llhttp-wasm.js' {
  /** llhttp, a WebAssembly module. */
  const octets: Uint8Array;
  export default octets;
}
