// The shell's grammar, as far as scripts need it: quotes, $(( )), ${PPID}, redirections, pipes, ; && || and newlines. Nothing is run by it.
import { fail } from '../failure.js';

/** One command of a pipe: its words, and where its output goes. */
export interface Simple {
  readonly words: readonly string[];
  /** A file that takes its output; undefined: the next command, or whoever looks. */
  readonly output: string | undefined;
}
/** Commands with | in between, and when they run: always, where the last ones succeeded, or where they failed. */
export interface Pipeline {
  readonly when: 'always' | 'and' | 'or';
  readonly commands: readonly Simple[];
}

const BLANK = /[ \t\r]+/y;
const COMMENT = /#[^\n]*/y;
const SEPARATOR = /&&|\|\||[;\n|]/y;
const REDIRECTION = /(\d?|&)>>?\s*(&\d|)/y;
const PLAIN = /[^\s'"`$\\;&|<>#]+|#/y;

/** A text as pipelines. @throws ScriptFailure about what is not understood. */
export function parseShell(text: string, variables: Readonly<Record<string, string>>): Pipeline[] {
  const reader = new WordReader(text.replaceAll(/\\\r?\n/g, ' '), variables);
  const pipelines: Pipeline[] = [];
  let when: Pipeline['when'] = 'always';
  let commands: Simple[] = [];
  while (!reader.ended) {
    const words: string[] = [];
    let output: string | undefined;
    for (;;) {
      const redirected = reader.redirection();
      if (redirected !== undefined) {
        if (redirected.stream === 1) output = redirected.to;
        continue;
      }
      const word = reader.word();
      if (word === undefined) break;
      words.push(word);
    }
    if (words.length > 0) commands.push({ words, output });
    const separator = reader.separator();
    if (separator === '|') continue;
    if (commands.length > 0) pipelines.push({ when, commands });
    if (commands.length > 0 || separator === '&&' || separator === '||')
      when = separator === '&&' ? 'and' : separator === '||' ? 'or' : 'always';
    commands = [];
  }
  if (commands.length > 0) pipelines.push({ when, commands });
  return pipelines;
}

class WordReader {
  readonly #text: string;
  readonly #variables: Readonly<Record<string, string>>;
  #at = 0;

  constructor(text: string, variables: Readonly<Record<string, string>>) {
    this.#text = text;
    this.#variables = variables;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #skip(): void {
    while (this.#take(BLANK) !== undefined || this.#take(COMMENT) !== undefined);
  }

  separator(): string | undefined {
    this.#skip();
    const found = this.#take(SEPARATOR)?.[0];
    if (found === undefined && !this.ended) fail(`the shell's ${this.#text[this.#at]} is not understood`);
    return found;
  }

  /** `> file`, `2>&1`, `&> file` (both streams, told as the first): which stream, and where to. */
  redirection(): { readonly stream: number; readonly to: string | undefined } | undefined {
    this.#skip();
    const found = this.#take(REDIRECTION);
    if (found === undefined) return undefined;
    const stream = found[1] === '' || found[1] === '&' ? 1 : Number(found[1]);
    return { stream, to: found[2] === '' ? this.word() : undefined };
  }

  word(): string | undefined {
    this.#skip();
    let word: string | undefined;
    for (;;) {
      const piece = this.#piece();
      if (piece === undefined) return word;
      word = (word ?? '') + piece;
    }
  }

  #piece(): string | undefined {
    const text = this.#text;
    const character = text[this.#at];
    if (character === "'") return this.#until("'");
    if (character === '"') return this.#expand(this.#until('"'));
    if (character === '\\') {
      this.#at += 2;
      return text[this.#at - 1] ?? '';
    }
    if (character === '$') return this.#expand(this.#variable());
    if (character === '`') return fail("a shell's command within another is not understood");
    return this.#take(PLAIN)?.[0];
  }

  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) fail(`a shell command lacks its closing ${quote}`);
    const inner = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return inner;
  }

  /** `$((…))`, `${NAME}`, `$NAME` as it is written. */
  #variable(): string {
    const found = this.#take(/\$\(\([^)]*(?:\([^)]*\)[^)]*)*\)\)|\$\{\w+\}|\$\w+/y)?.[0];
    return found ?? fail(`the shell's ${this.#text.slice(this.#at, this.#at + 10)} is not understood`);
  }

  #expand(text: string): string {
    return text.replace(/\$\(\((.*?)\)\)|\$\{(\w+)\}|\$(\w+)/g, (_, sum: string | undefined, braced?: string, plain?: string) => {
      if (sum !== undefined) return String(calculate(sum));
      const name = braced ?? plain ?? '';
      return this.#variables[name] ?? fail(`the shell's variable ${name} is not set`);
    });
  }
}

/** `$(( ))`: whole numbers with + - * / % and brackets. */
function calculate(text: string): number {
  const tokens = text.match(/\d+|[-+*/%()]/g) ?? [];
  let at = 0;
  const factor = (): number => {
    const token = tokens[at++];
    if (token === '-') return -factor();
    if (token !== '(') return token !== undefined && /^\d+$/.test(token) ? Number(token) : fail(`$((${text})) is no sum`);
    const inner = sum();
    at++;
    return inner;
  };
  const product = (): number => {
    let value = factor();
    for (let token = tokens[at]; token === '*' || token === '/' || token === '%'; token = tokens[at]) {
      at++;
      const other = factor();
      value = token === '*' ? value * other : token === '/' ? Math.trunc(value / other) : value % other;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let token = tokens[at]; token === '+' || token === '-'; token = tokens[at]) {
      at++;
      value += token === '+' ? product() : -product();
    }
    return value;
  };
  return sum();
}
