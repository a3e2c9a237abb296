// llhttp, which is Node's HTTP parser, in WebAssembly as undici has it: octets in, at once what they say.

import octets from 'undici/lib/llhttp/llhttp-wasm.js';

/** What `execute` answers, and what an event may answer to end it. */
export const OK = 0;
export const INVALID_METHOD = 6;
export const PAUSED = 21;
export const PAUSED_UPGRADE = 22;
/** The octets are HTTP/2's preface. */
export const PAUSED_H2_UPGRADE = 23;
/** An event's own. */
export const USER = 24;

export const GET = 1;
export const HEAD = 2;
export const POST = 3;
export const PUT = 4;
export const CONNECT = 5;

/** Octets that are parsed at once. */
export const INPUT_BYTES = 65_536;

const REQUEST = 1;

/** What a parser has read. Names, values, targets and content come in pieces, which stand in `bytes` from `at` to `to`. */
export interface MessageEvents {
  begun(): number;
  target(at: number, to: number): number;
  fieldName(at: number, to: number): number;
  /** After every name, if with nothing. */
  fieldValue(at: number, to: number): number;
  /** @param isPersistent what version and Connection say: RFC 9112 §9.3. */
  headEnded(isPersistent: boolean): number;
  content(at: number, to: number): number;
  ended(): number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(bytes: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, at: number, bytes: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_resume(parser: number): void;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_set_lenient_version(parser: number, on: number): void;
}

/** What follows the parser's number is a position and a length, or three flags. */
type Callback = (parser: number, first: number, second: number, third: number) => number;

// In every Node, and in neither its types nor the language's library.
declare const WebAssembly: {
  readonly Module: new (octets: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, Callback>>>>,
  ) => { readonly exports: unknown };
};

/** Parsers of requests, each known by a number, with one input between them. */
export class Llhttp {
  /** The parsers' memory: whoever looks into it takes it anew after `open`, with which it may have grown. */
  bytes: Buffer;
  /** Where the input begins in it. */
  readonly inputAt: number;
  readonly #exports: Exports;
  /** Whose octets are being parsed. */
  #events: MessageEvents | undefined;

  constructor() {
    const events = (): MessageEvents => this.#events as MessageEvents;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(octets), {
      env: {
        wasm_on_message_begin: () => events().begun(),
        wasm_on_url: (_, at, length) => events().target(at, at + length),
        wasm_on_status: () => OK,
        wasm_on_header_field: (_, at, length) => events().fieldName(at, at + length),
        wasm_on_header_value: (_, at, length) => events().fieldValue(at, at + length),
        wasm_on_headers_complete: (_parser, _status, _upgrade, isPersistent) => events().headEnded(isPersistent === 1),
        wasm_on_body: (_, at, length) => events().content(at, at + length),
        wasm_on_message_complete: () => events().ended(),
      },
    });
    this.#exports = exports as Exports;
    this.#exports['_initialize']();
    this.inputAt = this.#exports.malloc(INPUT_BYTES);
    this.bytes = Buffer.from(this.#exports.memory.buffer);
  }

  open(): number {
    const parser = this.#exports.llhttp_alloc(REQUEST);
    // RFC 9110 §2.5: a minor version that is not known is one that is; the major one is looked at with the head.
    this.#exports.llhttp_set_lenient_version(parser, 1);
    if (this.bytes.buffer !== this.#exports.memory.buffer) this.bytes = Buffer.from(this.#exports.memory.buffer);
    return parser;
  }

  /** Not from an event. */
  free(parser: number): void {
    this.#exports.llhttp_free(parser);
  }

  /** Parses the first `length` octets of the input. @returns OK: all of them; else `position` tells how far it came. */
  execute(parser: number, events: MessageEvents, length: number): number {
    this.#events = events;
    return this.#exports.llhttp_execute(parser, this.inputAt, length);
  }

  /** Octets of the input before what ended `execute`. */
  position(parser: number): number {
    return this.#exports.llhttp_get_error_pos(parser) - this.inputAt;
  }

  /** After PAUSED, or PAUSED_UPGRADE: what is there is HTTP still. */
  resume(parser: number): void {
    this.#exports.llhttp_resume_after_upgrade(parser);
    this.#exports.llhttp_resume(parser);
  }

  method(parser: number): number {
    return this.#exports.llhttp_get_method(parser);
  }
  major(parser: number): number {
    return this.#exports.llhttp_get_http_major(parser);
  }
  minor(parser: number): number {
    return this.#exports.llhttp_get_http_minor(parser);
  }
}
