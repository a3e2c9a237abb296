// Words, numbers and the values of system calls; symbols that a user defines are put in here.

import type { Field, MissingSymbol, Value } from './script.js';
import { Reader } from './text.js';

/** `NAME=value` as given: text in quotes or backticks keeps them. */
export type Definitions = ReadonlyMap<string, string>;

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const INTEGER = /0[xX][0-9a-fA-F]+|-?\d+/y;
const DECIMAL = /\d+/y;
const LINE = /[^\n]*/y;
const DIRECTIVE = /^#[ \t]*(ifdef|ifndef|else|endif)\b[ \t]*(\w*)/;
/** How symbols are written that a command line defines. */
const SYMBOL = /^[A-Z][A-Z0-9_]*$/;
const BRANCH = /^[ \t]*#[ \t]*(ifdef|ifndef|else|endif)\b[^\n]*/gm;
const EQUALS = /=(?!=)/y;
/** Structures in structures, beyond which a script is refused. */
const DEEPEST = 100;

export class ValueReader extends Reader {
  readonly definitions: Map<string, string>;
  /** The first symbol that nobody defines, in a place of a number or a name. */
  missing: MissingSymbol | undefined;
  #depth = 0;
  /** Where each #ifdef stands that has not ended. */
  readonly #conditions: number[] = [];

  constructor(text: string, definitions: Definitions) {
    super(text);
    this.definitions = new Map(definitions);
  }

  /** Blanks, comments, and lines of `#ifdef NAME`, `#else` and `#endif`: what belongs to a symbol that is not defined is passed over. */
  override skip(): void {
    super.skip();
    while (this.text[this.at] === '#') {
      this.#directive();
      super.skip();
    }
  }

  #directive(): void {
    const from = this.at;
    const line = this.takeHere(LINE) as string;
    const [, directive = '', name = ''] = DIRECTIVE.exec(line) ?? [];
    if (directive === 'ifdef' || directive === 'ifndef') {
      if (this.#conditions.length >= DEEPEST) this.refuse(`#ifdef is nested more than ${DEEPEST} deep`, from);
      this.#conditions.push(from);
      if (this.definitions.has(name) !== (directive === 'ifdef')) this.#pass(from, true);
    } else if (directive === 'else' && this.#conditions.length > 0) this.#pass(from, false);
    else if (directive === 'endif' && this.#conditions.length > 0) this.#conditions.pop();
    else {
      this.at = from;
      this.fail('an event');
    }
  }

  /** To the line after the #endif that belongs here, or after its #else. */
  #pass(from: number, toElse: boolean): void {
    for (let depth = 0; ; ) {
      BRANCH.lastIndex = this.at;
      const found = BRANCH.exec(this.text);
      if (found === null) return this.refuse('#ifdef lacks its #endif', from);
      this.at = BRANCH.lastIndex;
      if (found[1] === 'ifdef' || found[1] === 'ifndef') depth++;
      else if (depth === 0 && (found[1] === 'endif' || toElse)) {
        if (found[1] === 'endif') this.#conditions.pop();
        return;
      } else if (found[1] === 'endif') depth--;
    }
  }

  /** A word as it is written, or undefined. */
  word(): string | undefined {
    return this.take(WORD);
  }

  /** A whole number without sign, low to high; a defined symbol may stand for it. */
  number(what: string, low: number, high: number): number {
    this.skip();
    const from = this.at;
    const digits = this.take(DECIMAL) ?? this.meaning(`${low}`);
    const value = Number(digits);
    if (digits === undefined || !/^\d+$/.test(digits)) {
      this.at = from;
      this.fail(what);
    }
    if (value < low || value > high) this.refuse(`${what}: ${digits} is not within ${low} and ${high}`, from);
    return value;
  }

  /** What the symbol that comes next stands for; undefined: none comes. One that nobody defines is noted, and stands for `otherwise`. */
  meaning(otherwise: string): string | undefined {
    this.skip();
    const from = this.at;
    const name = this.word();
    if (name === undefined) return undefined;
    const found = this.definitions.get(name);
    if (found !== undefined) return found;
    if (SYMBOL.test(name)) {
      this.missing ??= { name, ...this.place(from) };
      return otherwise;
    }
    this.at = from;
    return undefined;
  }

  /** A word as it is written, or what it stands for. */
  name(): string | undefined {
    const word = this.word();
    return word === undefined ? undefined : (this.definitions.get(word) ?? word);
  }

  /** One value, or several with | in between. */
  value(): Value {
    if (++this.#depth > DEEPEST) this.refuse(`values are nested more than ${DEEPEST} deep`);
    const terms = [this.#term()];
    while (this.taken('|')) terms.push(this.#term());
    this.#depth--;
    return terms.length === 1 ? (terms[0] as Value) : { kind: 'or', terms };
  }

  /** Values up to `close`, which is taken. */
  values(close: string): Value[] {
    const items: Value[] = [];
    if (this.taken(close)) return items;
    do items.push(this.#item());
    while (this.taken(','));
    if (!this.taken(close)) this.fail(`, or ${close}`);
    return items;
  }

  #term(): Value {
    if (this.taken('...')) return { kind: 'any' };
    if (this.taken('[')) return { kind: 'list', items: this.values(']') };
    if (this.taken('{')) return this.#struct();
    if (this.sees(/"/y)) return this.#string();
    const integer = this.take(INTEGER);
    if (integer !== undefined) return { kind: 'integer', value: Number(integer) };
    const name = this.word();
    if (name === undefined) this.fail('a value');
    if (this.taken('(')) return { kind: 'function', name, args: this.values(')') };
    return this.#defined(name);
  }

  /** What a defined symbol stands for, or the word itself. */
  #defined(name: string): Value {
    const meaning = this.definitions.get(name);
    if (meaning === undefined) return { kind: 'word', name };
    if (meaning.startsWith('"')) return { kind: 'string', text: unescaped(meaning.slice(1, -1)), open: false };
    if (/^(-?\d+|0[xX][0-9a-fA-F]+)$/.test(meaning)) return { kind: 'integer', value: Number(meaning) };
    return { kind: 'word', name: meaning };
  }

  /** Strings in a row are one, as in C. */
  #string(): Value {
    let text = '';
    while (this.sees(/"/y)) text += unescaped(this.quoted('"', '"'));
    const open = this.taken('...');
    return { kind: 'string', text, open };
  }

  #struct(): Value {
    const fields: Field[] = [];
    if (this.taken('}')) return { kind: 'struct', fields };
    do fields.push(this.#field());
    while (this.taken(','));
    if (!this.taken('}')) this.fail(', or }');
    return { kind: 'struct', fields };
  }

  #field(): Field {
    this.skip();
    const from = this.at;
    const name = this.word();
    if (name !== undefined) {
      const count = this.taken('(') ? this.values(')') : undefined;
      if (this.take(EQUALS) !== undefined) return { name, count: count?.[0], value: this.value() };
      this.at = from;
    }
    return { name: undefined, count: undefined, value: this.value() };
  }

  /** A value of a list or of a call's arguments, where `name=value` is a structure of one field. */
  #item(): Value {
    const field = this.#field();
    return field.name === undefined ? field.value : { kind: 'struct', fields: [field] };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' };

/** C's escapes: the common letters, \xHH; any other character stands for itself. */
const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
