// The text of a script: where one is in it, and what was expected there.

/** A fault in a script's text. `line` and `column` count from 1. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Characters of the text that a message shows. */
const SHOWN = 24;

/** Reads a text from its start to its end; blanks and comments are between tokens. Nothing that it does takes more than one pass. */
export class Reader {
  readonly text: string;
  readonly #first: { readonly line: number; readonly column: number };
  #at = 0;
  /** Up to where `place` has counted: the line breaks before, and where the last of them is. */
  #counted = 0;
  #breaks = 0;
  #lastBreak = -1;

  /** @param first where the text begins in its file, where it is a piece of one. */
  constructor(text: string, first = { line: 1, column: 1 }) {
    this.text = text;
    this.#first = first;
  }

  get at(): number {
    return this.#at;
  }
  set at(at: number) {
    this.#at = at;
  }

  /** Past blanks and comments. */
  skip(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 32 || (code >= 9 && code <= 13)) this.#at++;
      else if (text.startsWith('//', this.#at)) {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end + 1;
      } else if (text.startsWith('/*', this.#at)) {
        const end = text.indexOf('*/', this.#at + 2);
        if (end < 0) this.fail('the end of the comment, */');
        this.#at = end + 2;
      } else return;
    }
  }

  get ended(): boolean {
    this.skip();
    return this.#at >= this.text.length;
  }

  /** Takes what the sticky expression matches here, or undefined. */
  take(pattern: RegExp): string | undefined {
    this.skip();
    return this.takeHere(pattern);
  }

  /** As `take`, with no blank in between. */
  takeHere(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Whether the sticky expression matches here. */
  sees(pattern: RegExp): boolean {
    this.skip();
    pattern.lastIndex = this.#at;
    return pattern.test(this.text);
  }

  /** Takes exactly these characters, where they come next. */
  taken(characters: string): boolean {
    this.skip();
    if (!this.text.startsWith(characters, this.#at)) return false;
    this.#at += characters.length;
    return true;
  }

  expect(characters: string): void {
    if (!this.taken(characters)) this.fail(characters);
  }

  /** What is between two delimiters, of which the first comes next; a backslash keeps the character that follows it. */
  quoted(open: string, close: string): string {
    this.expect(open);
    const from = this.#at;
    for (let at = from; ; at++) {
      at = this.text.indexOf(close, at);
      if (at < 0) {
        this.#at = from;
        this.fail(`the closing ${close}`);
      }
      let slashes = 0;
      while (at - slashes > from && this.text[at - slashes - 1] === '\\') slashes++;
      if (slashes % 2 === 1) continue;
      this.#at = at + close.length;
      return this.text.slice(from, at);
    }
  }

  /** @throws ScriptError that tells what was expected where we are. */
  fail(expected: string): never {
    this.skipBlanks();
    const rest = this.text.slice(this.#at, this.#at + SHOWN).split('\n')[0] ?? '';
    const found = this.#at >= this.text.length ? 'the end of the script' : rest === '' ? 'the end of the line' : rest.trimEnd();
    this.refuse(`expected ${expected}, found ${found}`);
  }

  /** @throws ScriptError with this message, about the place `at`. */
  refuse(message: string, at: number = this.#at): never {
    const { line, column } = this.place(at);
    throw new ScriptError(message, line, column);
  }

  place(at: number = this.#at): { readonly line: number; readonly column: number } {
    // Events ask for places in ascending order: the count goes on from the last one.
    if (at < this.#counted) {
      this.#counted = 0;
      this.#breaks = 0;
      this.#lastBreak = -1;
    }
    for (let i = this.text.indexOf('\n', this.#counted); i >= 0 && i < at; i = this.text.indexOf('\n', i + 1)) {
      this.#breaks++;
      this.#lastBreak = i;
    }
    this.#counted = at;
    const line = this.#first.line + this.#breaks;
    return { line, column: this.#lastBreak < 0 ? this.#first.column + at : at - this.#lastBreak };
  }

  private skipBlanks(): void {
    while (this.text[this.#at] === ' ' || this.text[this.#at] === '\t') this.#at++;
  }
}
