// The tokens of %{ }%: Python's, as far as scripts go.
import { Reader } from '../language/text.js';

export interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
}

const NUMBER = /0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /\*\*=?|\/\/=?|<<=?|>>=?|[<>=!+\-*/%&|^]=|[-+*/%&|^~<>=()[\],:.]/y;
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y;

/** Python's comments and blanks, in place of the script's: a line ends a statement, except within brackets. */
class CodeReader extends Reader {
  #depth = 0;

  override skip(): void {
    const { text } = this;
    for (;;) {
      const character = text[this.at];
      if (character === ' ' || character === '\t' || character === '\r') this.at++;
      else if (character === '\n' && this.#depth > 0) this.at++;
      else if (character === '\\' && /\\\r?\n/y.test(text.slice(this.at, this.at + 3))) this.at = text.indexOf('\n', this.at) + 1;
      else if (character === '#') {
        const end = text.indexOf('\n', this.at);
        this.at = end < 0 ? text.length : end;
      } else return;
    }
  }

  next(): Token {
    this.skip();
    const at = this.at;
    if (at >= this.text.length) return { kind: 'end', text: '', at };
    if (this.takeHere(/[\n;]/y) !== undefined) return { kind: 'operator', text: ';', at };
    const string = this.takeHere(STRING);
    if (string !== undefined) return { kind: 'string', text: string, at };
    const number = this.takeHere(NUMBER);
    if (number !== undefined) return { kind: 'number', text: number, at };
    const name = this.takeHere(NAME);
    if (name !== undefined) return { kind: 'name', text: name, at };
    const operator = this.takeHere(OPERATOR);
    if (operator === undefined) return this.fail('a Python expression');
    if (operator === '(' || operator === '[') this.#depth++;
    if (operator === ')' || operator === ']') this.#depth--;
    return { kind: 'operator', text: operator, at };
  }
}

/** Tokens in a row; places are told within the script. @throws ScriptError. */
export class Tokens {
  readonly #reader: CodeReader;
  #now: Token;

  constructor(text: string, place: { readonly line: number; readonly column: number }) {
    this.#reader = new CodeReader(text, place);
    this.#now = this.#reader.next();
  }

  get now(): Token {
    return this.#now;
  }

  /** Nothing is left of the statement. */
  get statementEnds(): boolean {
    return this.#now.kind === 'end' || this.sees(';');
  }

  /** Whether the operator or keyword comes next. */
  sees(text: string): boolean {
    const { kind } = this.#now;
    return this.#now.text === text && (kind === 'operator' || kind === 'name');
  }

  advance(): Token {
    const token = this.#now;
    this.#now = this.#reader.next();
    return token;
  }

  /** Takes the operator or keyword, where it comes next. */
  taken(text: string): boolean {
    if (!this.sees(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string): void {
    if (!this.taken(text)) this.fail(text);
  }

  /** @throws ScriptError */
  fail(expected: string): never {
    this.#reader.at = this.#now.at;
    return this.#reader.fail(expected);
  }
}
