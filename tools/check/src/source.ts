// Reading TypeScript without a compiler: tokens, then the imports and the globals among them.

export interface Token {
  readonly kind: 'name' | 'string' | 'text' | 'mark';
  readonly text: string;
  readonly line: number;
  /** The bracket that it stands in: `(`, `[`, `{`, or nothing at the top of the file. */
  readonly within: string;
}

export interface Import {
  /** Undefined where `import()` gets an expression. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `import type`, or every name in it is. */
  readonly typeOnly: boolean;
}

/** What a file says to the outside. */
export interface Source {
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
  /** Names that an import binds. */
  readonly bound: ReadonlySet<string>;
}

const SPACE = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|^#![^\n]*/y;
const NAME = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\.?\d(?:[eE][+-]|[\w.])*/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
/** A template up to its end, or to the next expression in it. */
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const PATTERN = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const MARK = /\?\.(?!\d)|\.\.\.|=>|\S/uy;

/** After these a `/` begins a regular expression; after every other name it divides. */
const OPERATORS = new Set('return typeof case do else in of void delete throw new instanceof await yield'.split(' '));
const divides = (before: Token | undefined): boolean =>
  before !== undefined && (before.kind === 'mark' ? ')]}'.includes(before.text) : !OPERATORS.has(before.text));

/** The file's tokens; comments are none, and numbers, regular expressions and the letters of a template are `text`. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const open: string[] = [];
  let at = 0;
  let line = 1;
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const advance = (text: string): void => {
    at += text.length;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) line++;
  };
  const push = (kind: Token['kind'], text: string): void => {
    tokens.push({ kind, text, line, within: open.at(-1) ?? '' });
    advance(text);
  };
  /** The letters of a template, from behind its backtick or behind the expression in it. */
  const template = (): void => {
    const letters = read(TEMPLATE) ?? source.slice(at);
    push('text', letters);
    if (letters.endsWith('${')) open.push('${');
  };
  while (at < source.length) {
    const space = read(SPACE);
    if (space !== undefined) {
      advance(space);
      continue;
    }
    const name = read(NAME);
    if (name !== undefined) {
      push('name', name);
      continue;
    }
    const string = read(STRING);
    if (string !== undefined) {
      push('string', string);
      continue;
    }
    const text = read(NUMBER) ?? (source[at] === '/' && !divides(tokens.at(-1)) ? read(PATTERN) : undefined);
    if (text !== undefined) {
      push('text', text);
      continue;
    }
    const mark = read(MARK) as string;
    if (mark === '`') {
      advance(mark);
      template();
    } else if (mark === '}' && open.at(-1) === '${') {
      open.pop();
      advance(mark);
      template();
    } else {
      if (mark === ')' || mark === ']' || mark === '}') open.pop();
      push('mark', mark);
      if (mark === '(' || mark === '[' || mark === '{') open.push(mark);
    }
  }
  return tokens;
}

const unquoted = (token: Token | undefined): string | undefined => (token?.kind === 'string' ? token.text.slice(1, -1) : undefined);

/** Static imports, re-exports, `import()` and `require()`; each with the line on which its specifier stands. */
export function readSource(text: string): Source {
  const tokens = tokensOf(text);
  const imports: Import[] = [];
  const bound = new Set<string>();
  const is = (index: number, ...marks: string[]): boolean => marks.includes(tokens[index]?.text ?? '');
  const add = (index: number, typeOnly: boolean): void => {
    const { line } = tokens[index] as Token;
    imports.push({ specifier: unquoted(tokens[index]), line, typeOnly });
  };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind !== 'name' || is(i - 1, '.', '?.')) continue;
    if ((token.text === 'import' || token.text === 'require') && is(i + 1, '(')) {
      if (token.text === 'import' || unquoted(tokens[i + 2]) !== undefined) add(i + 2, is(i - 1, 'typeof'));
      continue;
    }
    if (token.text !== 'import' && token.text !== 'export') continue;
    const typed = is(i + 1, 'type') && !is(i + 2, ',', '=') && !(is(i + 2, 'from') && unquoted(tokens[i + 3]) !== undefined);
    const first = typed ? i + 2 : i + 1;
    if (token.text === 'import' && unquoted(tokens[first]) !== undefined) {
      add(first, false);
    } else if (token.text === 'import' ? tokens[first]?.kind === 'name' || is(first, '{', '*') : is(first, '{', '*')) {
      const end = clauseEnd(tokens, first);
      if (end === undefined) continue;
      if (token.text === 'import') for (const { kind, text: name } of tokens.slice(first, end - 1)) if (kind === 'name') bound.add(name);
      add(end, typed || namesTypesAlone(tokens.slice(first, end - 1)));
      i = end;
    }
  }
  return { tokens, imports, bound };
}

/** Where the specifier behind `from` stands, for a clause that begins at `first`; undefined where it has none (`export { x };`). */
function clauseEnd(tokens: readonly Token[], first: number): number | undefined {
  for (let i = first; i < tokens.length; i++) {
    const { kind, text, within } = tokens[i] as Token;
    if (text === 'from' && within === '' && tokens[i + 1]?.kind === 'string') return i + 1;
    if (within === '' && (text === ';' || text === '=' || (kind === 'name' && (text === 'import' || text === 'export')))) return undefined;
  }
  return undefined;
}

/** `{ type A, type B }` and nothing else. */
function namesTypesAlone(clause: readonly Token[]): boolean {
  if (clause[0]?.text !== '{') return false;
  const starts = clause.filter((token, i) => token.kind === 'name' && (clause[i - 1]?.text === '{' || clause[i - 1]?.text === ','));
  return starts.length > 0 && starts.every((token) => token.text === 'type' && clause[clause.indexOf(token) + 1]?.kind === 'name');
}

/** Where a global is used: `names` are bare (`Date`) or a member of one (`Math.random`). A name that the file declares is its own. */
export function usesOf({ tokens, bound }: Source, names: readonly string[]): { readonly name: string; readonly line: number }[] {
  const byObject = new Map(
    names.map((name) => {
      const [object = '', member] = name.split('.');
      return [object, member];
    }),
  );
  const own = declaredNames(tokens);
  const found: { name: string; line: number }[] = [];
  tokens.forEach(({ kind, text, line, within }, i) => {
    if (kind !== 'name' || !byObject.has(text) || bound.has(text) || own.has(text)) return;
    const before = tokens[i - 1]?.text;
    const next = tokens[i + 1]?.text;
    if (before === '.' || before === '?.') return;
    // The key of an object, the member of a class or of an interface.
    if (within === '{' && (next === ':' || (next === '?' && tokens[i + 2]?.text === ':')) && /^(?:[{,;}]|readonly)$/.test(before ?? ''))
      return;
    const member = byObject.get(text);
    if (member !== undefined && !(next === '.' && tokens[i + 2]?.text === member)) return;
    found.push({ name: member === undefined ? text : `${text}.${member}`, line });
  });
  return found;
}

const DECLARES = new Set('const let var class function interface type enum'.split(' '));

/** Names to which the file gives a meaning of its own: declarations and typed parameters. */
function declaredNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  tokens.forEach(({ kind, text, within }, i) => {
    if (kind !== 'name') return;
    const before = tokens[i - 1];
    const typed = tokens[i + 1]?.text === ':' || (tokens[i + 1]?.text === '?' && tokens[i + 2]?.text === ':');
    const parameter = within === '(' && typed && (before?.text === '(' || before?.text === ',');
    if (parameter || (before?.kind === 'name' && DECLARES.has(before.text))) names.add(text);
  });
  return names;
}
