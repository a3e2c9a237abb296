// An answer as octets. What is asked for again and again is put together once: only its Date changes.

import { STATUS_CODES } from 'node:http';

/** Seconds without a request after which a connection is closed, as Node's. */
export const KEEP_ALIVE_S = 5;

/** RFC 9112 §9.3: who speaks HTTP/1.0 has to be told that the connection persists; others learn for how long. */
const PERSISTENT = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_S}\r\n`;
const LAST = 'Connection: close\r\n';

export const CONTINUE = Buffer.from(`HTTP/1.1 100 ${STATUS_CODES[100]}\r\n\r\n`);

/** Date: RFC 9110 §6.6.1, of the second that was asked for last. */
const date = Buffer.from(new Date(0).toUTCString());
let dateOf = 0;

/** An answer as it is sent on a connection that persists, or that does not. */
export interface Form {
  readonly octets: Buffer;
  /** Octets before the content: all that answers HEAD. */
  readonly headLength: number;
  readonly dateAt: number;
  /** The second that its Date tells. */
  second: number;
}

export class Answer {
  /** Octets of the pattern that are content behind what `octets` holds. */
  readonly pattern: number;
  readonly #status: string;
  readonly #fields: string;
  readonly #content: Uint8Array;
  #persistent: Form | undefined;
  #last: Form | undefined;

  constructor(status: number, fields: Readonly<Record<string, string>>, content: Uint8Array, pattern = 0) {
    this.pattern = pattern;
    this.#status = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nDate: `;
    const length = { 'Content-Length': String(content.length + pattern) };
    this.#fields = Object.entries({ ...fields, ...length }).reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, '\r\n');
    this.#content = content;
  }

  /** With the Date of now. */
  form(isPersistent: boolean): Form {
    let form = isPersistent ? this.#persistent : this.#last;
    if (form === undefined) {
      form = this.#made(isPersistent);
      if (isPersistent) this.#persistent = form;
      else this.#last = form;
    }
    const second = Math.floor(Date.now() / 1000);
    if (form.second !== second) {
      stampDate(form.octets, form.dateAt, second);
      form.second = second;
    }
    return form;
  }

  #made(isPersistent: boolean): Form {
    const head = `${this.#status}${date.toString('latin1')}${this.#fields}${isPersistent ? PERSISTENT : LAST}\r\n`;
    const octets = Buffer.concat([Buffer.from(head, 'latin1'), this.#content]);
    return { octets, headLength: head.length, dateAt: this.#status.length, second: -1 };
  }
}

function stampDate(octets: Buffer, at: number, second: number): void {
  if (second !== dateOf) {
    dateOf = second;
    date.write(new Date(second * 1000).toUTCString(), 'latin1');
  }
  date.copy(octets, at);
}

/** An answer that is a line of text. */
export const told = (status: number, text: string, fields: Readonly<Record<string, string>> = {}): Answer =>
  new Answer(status, { ...fields, 'Content-Type': 'text/plain; charset=utf-8' }, Buffer.from(`${text}\n`));
