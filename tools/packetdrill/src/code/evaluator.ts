// %{ }%: the statements that scripts use (assert, assignment, print), evaluated at once. Python's meaning of operators and precedence; no
// Python is run.
import { ScriptFailure } from '../failure.js';
import type { Code } from '../language/script.js';
import { Tokens } from './tokens.js';

/** What an expression gives. */
export type PyValue = number | string | boolean | null | readonly PyValue[];

/** Names and what they stand for; statements add theirs. */
export type Scope = Map<string, PyValue>;

export interface CodeHost {
  /** Where names are looked up that no statement has set. */
  lookup(name: string): PyValue | undefined;
  /** What to say of a name that nobody knows. */
  unknown(name: string): string;
  print(text: string): void;
}

/** Expressions within expressions, beyond which code is refused. */
const DEEPEST = 200;
const MOST_TEXT = 100_000;

/** Runs the code. @throws ScriptFailure where an assertion does not hold; ScriptError where it is no code. */
export function runCode({ text, line, column }: Code, scope: Scope, host: CodeHost): void {
  new Evaluator(text, { line, column }, scope, host).run();
}

const truth = (value: PyValue): boolean =>
  typeof value === 'string' || Array.isArray(value) ? (value as string).length > 0 : value !== null && value !== false && value !== 0;

const COMPARISONS: Readonly<Record<string, (a: PyValue, b: PyValue) => boolean>> = {
  '==': (a, b) => same(a, b),
  '!=': (a, b) => !same(a, b),
  '<': (a, b) => order(a, b) < 0,
  '<=': (a, b) => order(a, b) <= 0,
  '>': (a, b) => order(a, b) > 0,
  '>=': (a, b) => order(a, b) >= 0,
};

const isNumber = (value: PyValue): value is number | boolean => typeof value === 'number' || typeof value === 'boolean';

function same(a: PyValue, b: PyValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i] as PyValue));
  return isNumber(a) && isNumber(b) ? Number(a) === Number(b) : a === b;
}

function order(a: PyValue, b: PyValue): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return oops(`${repr(a)} and ${repr(b)} have no order`);
}

const oops = (message: string): never => {
  throw new ScriptFailure(message);
};

/** A value as Python prints it. */
function text(value: PyValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'string') return String(value);
  return `[${value.map(repr).join(', ')}]`;
}
const repr = (value: PyValue): string => (typeof value === 'string' ? `'${value}'` : text(value));

const number = (value: PyValue): number => (isNumber(value) ? Number(value) : oops(`${repr(value)} is no number`));

/** Whole numbers of any size for the bits of those of 64. */
const bits = (value: PyValue): bigint => {
  const n = number(value);
  return Number.isInteger(n) ? BigInt(n) : oops(`${n} is no whole number`);
};

const ARITHMETIC: Readonly<Record<string, (a: PyValue, b: PyValue) => PyValue>> = {
  '+': (a, b) => {
    if (typeof a === 'string' && typeof b === 'string') return limited(a + b);
    return Array.isArray(a) && Array.isArray(b) ? [...a, ...b] : number(a) + number(b);
  },
  '-': (a, b) => number(a) - number(b),
  '*': (a, b) => number(a) * number(b),
  '/': (a, b) => number(a) / divisor(b),
  '//': (a, b) => Math.floor(number(a) / divisor(b)),
  '%': (a, b) => (typeof a === 'string' ? limited(format(a, Array.isArray(b) ? b : [b])) : modulo(number(a), divisor(b))),
  '**': (a, b) => number(a) ** number(b),
  '&': (a, b) => Number(bits(a) & bits(b)),
  '|': (a, b) => Number(bits(a) | bits(b)),
  '^': (a, b) => Number(bits(a) ^ bits(b)),
  '<<': (a, b) => Number(bits(a) << shift(b)),
  '>>': (a, b) => Number(bits(a) >> shift(b)),
};

const divisor = (value: PyValue): number => number(value) || oops('division by zero');
const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);
const shift = (value: PyValue): bigint => {
  const by = bits(value);
  return by >= 0n && by <= 64n ? by : oops(`nothing is shifted by ${by}`);
};
const limited = (made: string): string => (made.length > MOST_TEXT ? oops(`text of more than ${MOST_TEXT} characters`) : made);

/** Python's `%` of text: d i u x X o f g e s r and %%. */
function format(pattern: string, values: readonly PyValue[]): string {
  let next = 0;
  const made = pattern.replace(
    /%([-0 +#]*)(\d{0,3})(?:\.(\d{1,2}))?([a-zA-Z%])/g,
    (_, flags: string, width: string, precision: string, kind: string) => {
      if (kind === '%') return '%';
      if (next >= values.length) return oops(`'${pattern}' takes more values than ${values.length}`);
      const shown = formatted(kind, values[next++] as PyValue, precision === undefined ? undefined : Number(precision));
      return flags.includes('-') ? shown.padEnd(Number(width)) : shown.padStart(Number(width), flags.includes('0') ? '0' : ' ');
    },
  );
  return next < values.length ? oops(`'${pattern}' takes ${next} values, not ${values.length}`) : made;
}

function formatted(kind: string, value: PyValue, precision: number | undefined): string {
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return String(Math.trunc(number(value)));
    case 'x':
      return bits(value).toString(16);
    case 'X':
      return bits(value).toString(16).toUpperCase();
    case 'o':
      return bits(value).toString(8);
    case 'f':
    case 'F':
      return number(value).toFixed(precision ?? 6);
    case 'g':
      return String(Number(number(value).toPrecision(precision || 6)));
    case 'e':
      return number(value).toExponential(precision ?? 6);
    case 's':
      return text(value);
    case 'r':
      return repr(value);
    default:
      return oops(`%${kind} is no format that is known here`);
  }
}

const sizeOf = (value: PyValue): number =>
  typeof value === 'string' || Array.isArray(value) ? (value as string).length : oops(`${repr(value)} has no length`);
const several = (args: readonly PyValue[]): readonly PyValue[] =>
  args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly PyValue[]) : args;
const best = (args: readonly PyValue[], sign: number): PyValue => {
  const items = several(args);
  if (items.length === 0) return oops('there is nothing to compare');
  return items.reduce((a, b) => (order(b, a) * sign > 0 ? b : a));
};

const FUNCTIONS: Readonly<Record<string, (args: readonly PyValue[]) => PyValue>> = {
  min: (args) => best(args, -1),
  max: (args) => best(args, 1),
  abs: ([a = 0]) => Math.abs(number(a)),
  len: ([a = 0]) => sizeOf(a),
  int: ([a = 0]) => Math.trunc(typeof a === 'string' ? Number(a) : number(a)),
  float: ([a = 0]) => (typeof a === 'string' ? Number(a) : number(a)),
  round: ([a = 0, digits = 0]) => Number(number(a).toFixed(number(digits))),
  sum: ([a = []]) => several([a]).reduce((sum: number, item) => sum + number(item), 0),
  str: ([a = '']) => text(a),
  repr: ([a = '']) => repr(a),
  bool: ([a = false]) => truth(a),
};

class Evaluator {
  readonly #tokens: Tokens;
  readonly #scope: Scope;
  readonly #host: CodeHost;
  #depth = 0;
  /** Within what Python would not evaluate, after `or` and its like: names need not be known. */
  #idle = 0;

  constructor(code: string, place: { readonly line: number; readonly column: number }, scope: Scope, host: CodeHost) {
    this.#tokens = new Tokens(code, place);
    this.#scope = scope;
    this.#host = host;
  }

  run(): void {
    const tokens = this.#tokens;
    for (;;) {
      while (tokens.taken(';'));
      if (tokens.statementEnds) return;
      this.#statement();
      if (!tokens.statementEnds) tokens.fail('the end of the statement');
    }
  }

  #statement(): void {
    const tokens = this.#tokens;
    if (tokens.taken('pass')) return;
    if (tokens.taken('assert')) {
      this.#assert();
      return;
    }
    if (tokens.taken('print')) {
      const values = tokens.taken('(') ? this.#items(')') : tokens.statementEnds ? [] : [this.#expression()];
      this.#host.print(values.map(text).join(' '));
      return;
    }
    const name = tokens.now.kind === 'name' ? tokens.now.text : undefined;
    const value = this.#expression();
    if (name === undefined) return;
    const operator = tokens.now.text;
    if (operator === '=') {
      tokens.advance();
      this.#scope.set(name, this.#expression());
    } else if (/^(\*\*|\/\/|<<|>>|[-+*/%&|^])=$/.test(operator)) {
      tokens.advance();
      this.#scope.set(name, (ARITHMETIC[operator.slice(0, -1)] as (a: PyValue, b: PyValue) => PyValue)(value, this.#expression()));
    }
  }

  /** `assert condition, message`: what was compared is told where it does not hold. */
  #assert(): void {
    const tokens = this.#tokens;
    const compared: [name: string, expected: PyValue, actual: PyValue][] = [];
    this.#onCompared = (operator, a, b) => void compared.push([operator, b, a]);
    const holds = truth(this.#expression());
    this.#onCompared = undefined;
    const message = tokens.taken(',') ? text(this.#expression()) : undefined;
    if (holds) return;
    const [operator, expected, actual] = compared.at(-1) ?? ['', '', ''];
    const said = message === undefined ? '' : `: ${message}`;
    throw new ScriptFailure(
      `the assertion does not hold${said}`,
      compared.length === 0 ? [] : [{ field: 'assertion', expected: `${operator} ${repr(expected)}`, actual: repr(actual) }],
    );
  }

  #onCompared: ((operator: string, a: PyValue, b: PyValue) => void) | undefined;

  /** Items with commas up to `close`, which is taken. */
  #items(close: string): PyValue[] {
    const items: PyValue[] = [];
    while (!this.#tokens.taken(close)) {
      items.push(this.#expression());
      if (this.#tokens.taken(',')) continue;
      this.#tokens.expect(close);
      break;
    }
    return items;
  }

  /** One level deeper, as far as that may go. */
  #deeper(read: () => PyValue): PyValue {
    if (++this.#depth > DEEPEST) this.#tokens.fail(`less than ${DEEPEST} expressions in one another`);
    const value = read();
    this.#depth--;
    return value;
  }

  #expression(): PyValue {
    const value = this.#deeper(() => this.#or());
    if (this.#tokens.now.text !== 'if' || this.#tokens.now.kind !== 'name') return value;
    this.#tokens.advance();
    const condition = truth(this.#or());
    this.#tokens.expect('else');
    const other = this.#expression();
    return condition ? value : other;
  }

  #or(): PyValue {
    let value = this.#and();
    while (this.#tokens.taken('or')) {
      const decided = truth(value);
      const other = this.#unless(decided, () => this.#and());
      if (!decided) value = other;
    }
    return value;
  }

  #and(): PyValue {
    let value = this.#not();
    while (this.#tokens.taken('and')) {
      const decided = !truth(value);
      const other = this.#unless(decided, () => this.#not());
      if (!decided) value = other;
    }
    return value;
  }

  /** Reads on without a name having to be known, where the outcome is decided. */
  #unless(decided: boolean, read: () => PyValue): PyValue {
    if (decided) this.#idle++;
    const value = read();
    if (decided) this.#idle--;
    return value;
  }

  #not(): PyValue {
    return this.#tokens.taken('not') ? !truth(this.#deeper(() => this.#not())) : this.#comparison();
  }

  /** A chain: `low <= x <= high`. */
  #comparison(): PyValue {
    let left = this.#binary(0);
    let holds: boolean | undefined;
    for (;;) {
      const operator = this.#comparisonOperator();
      if (operator === undefined) return holds ?? left;
      const right = this.#binary(0);
      const one = compare(operator, left, right, this.#idle > 0);
      if (holds !== false && this.#idle === 0) this.#onCompared?.(operator, left, right);
      holds = holds !== false && one;
      left = right;
    }
  }

  #comparisonOperator(): string | undefined {
    const tokens = this.#tokens;
    const { kind, text: word } = tokens.now;
    if (kind === 'operator' && word in COMPARISONS) return tokens.advance().text;
    if (tokens.taken('in')) return 'in';
    if (tokens.taken('is')) return tokens.taken('not') ? '!=' : '==';
    if (kind === 'name' && word === 'not') {
      tokens.advance();
      tokens.expect('in');
      return 'not in';
    }
    return undefined;
  }

  /** Left-associative operators, from the loosest level on. */
  #binary(level: number): PyValue {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let value = this.#binary(level + 1);
    while (this.#tokens.now.kind === 'operator' && operators.includes(this.#tokens.now.text)) {
      const operate = ARITHMETIC[this.#tokens.advance().text] as (a: PyValue, b: PyValue) => PyValue;
      const right = this.#binary(level + 1);
      value = this.#idle > 0 ? 0 : operate(value, right);
    }
    return value;
  }

  #unary(): PyValue {
    const tokens = this.#tokens;
    const operand = (): PyValue => this.#deeper(() => this.#unary());
    if (tokens.taken('-')) return -number(operand());
    if (tokens.taken('+')) return number(operand());
    if (tokens.taken('~')) return Number(~bits(operand()));
    const value = this.#postfix();
    return tokens.taken('**') ? number(value) ** number(operand()) : value;
  }

  #postfix(): PyValue {
    let value = this.#primary();
    while (this.#tokens.taken('[')) {
      const index = number(this.#expression());
      this.#tokens.expect(']');
      if (typeof value !== 'string' && !Array.isArray(value)) return oops(`${repr(value)} has no items`);
      const items = value as readonly PyValue[];
      value = items[index < 0 ? items.length + index : index] ?? oops(`there is no item ${index}`);
    }
    return value;
  }

  #primary(): PyValue {
    const tokens = this.#tokens;
    const { kind, text: word } = tokens.now;
    if (kind === 'number') return Number(tokens.advance().text);
    if (kind === 'string') {
      let value = '';
      while (tokens.now.kind === 'string') value += unquoted(tokens.advance().text);
      return value;
    }
    if (tokens.taken('[')) return this.#items(']');
    if (tokens.taken('(')) return this.#bracketed();
    if (kind !== 'name' || KEYWORDS.has(word)) return tokens.fail('a value');
    tokens.advance();
    if (tokens.taken('(')) return this.#call(word);
    return this.#name(word);
  }

  /** `(value)`, or a tuple. */
  #bracketed(): PyValue {
    if (this.#tokens.taken(')')) return [];
    const value = this.#expression();
    if (this.#tokens.taken(')')) return value;
    this.#tokens.expect(',');
    return [value, ...this.#items(')')];
  }

  #call(name: string): PyValue {
    const args = this.#items(')');
    const made = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (made === undefined) return oops(`there is no function ${name}; there is ${Object.keys(FUNCTIONS).join(', ')}`);
    return this.#idle > 0 ? 0 : made(args);
  }

  #name(name: string): PyValue {
    if (name === 'True' || name === 'False') return name === 'True';
    if (name === 'None') return null;
    const value = this.#scope.get(name) ?? this.#host.lookup(name);
    if (value !== undefined) return value;
    if (this.#idle > 0 || this.#tokens.now.text === '=') return 0;
    return oops(this.#host.unknown(name));
  }
}

const LEVELS: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']];
const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for', 'while', 'def', 'import', 'lambda', 'assert']);

function compare(operator: string, left: PyValue, right: PyValue, idle: boolean): boolean {
  if (idle) return false;
  if (operator === 'in' || operator === 'not in') {
    const within =
      typeof right === 'string'
        ? typeof left === 'string' && right.includes(left)
        : Array.isArray(right)
          ? right.some((item) => same(item, left))
          : oops(`${repr(right)} contains nothing`);
    return within === (operator === 'in');
  }
  return (COMPARISONS[operator] as (a: PyValue, b: PyValue) => boolean)(left, right);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unquoted = (literal: string): string =>
  literal.slice(1, -1).replace(/\\([\s\S])/g, (_, character: string) => ESCAPES[character] ?? character);
