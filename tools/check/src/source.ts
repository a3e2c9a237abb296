// Reading TypeScript without a compiler: imports and names, with comments and strings out of the way.

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type`, or every name in it is. */
  readonly typeOnly: boolean;
}

/** The source with comments blanked, and strings too unless `keepStrings`; every line break stays. */
export function stripped(source: string, keepStrings: boolean): string {
  let out = '';
  let at = 0;
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  while (at < source.length) {
    const rest = source.slice(at);
    const comment = /^(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(rest)?.[0];
    if (comment !== undefined) {
      out += blank(comment);
      at += comment.length;
      continue;
    }
    const text = /^(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`)/.exec(rest)?.[0];
    if (text !== undefined) {
      out += keepStrings ? text : `'${blank(text.slice(1, -1))}'`;
      at += text.length;
      continue;
    }
    // A regular expression literal after an operator may hold quotes.
    const pattern = /[=(,:!&|?;[]\s*$/.test(out)
      ? /^\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/.exec(rest)?.[0]
      : undefined;
    if (pattern !== undefined) {
      out += blank(pattern);
      at += pattern.length;
      continue;
    }
    out += source[at++];
  }
  return out;
}

/** Static imports, re-exports and `import()` of a string. */
export function importsOf(source: string): Import[] {
  const text = stripped(source, true);
  const found: Import[] = [];
  const pattern = /(?:^|[\n;])\s*(import|export)\s+(type\s+)?([^'";]*?\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  for (const match of text.matchAll(pattern)) {
    const [, , type, clause = '', fixed, dynamic] = match;
    const specifier = fixed ?? dynamic;
    if (specifier === undefined) continue;
    const names = /\{([^}]*)\}/
      .exec(clause)?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const everyNameIsType =
      names !== undefined && names.length > 0 && names.every((name) => name.startsWith('type ')) && !/^\s*\w+\s*,/.test(clause);
    const line = text.slice(0, (match.index ?? 0) + match[0].length).split('\n').length;
    found.push({ specifier, line, typeOnly: type !== undefined || everyNameIsType });
  }
  return found;
}

/** Where a global is used by its bare name. */
export function usesOf(source: string, names: readonly string[]): { readonly name: string; readonly line: number }[] {
  const text = stripped(source, false);
  const found: { name: string; line: number }[] = [];
  for (const name of names) {
    const [object, member] = name.split('.') as [string, string?];
    const pattern = new RegExp(`(?<![\\w$.#])${object}${member === undefined ? '(?=\\s*[.(<])' : `\\.${member}\\b`}`, 'g');
    for (const match of text.matchAll(pattern)) {
      const line = text.slice(0, match.index).split('\n').length;
      if (!isDeclared(text, object)) found.push({ name, line });
    }
  }
  return found;
}

/** Whether the file gives the name a meaning of its own. */
const isDeclared = (text: string, name: string): boolean =>
  new RegExp(`\\b(?:const|let|class|function|interface|type)\\s+${name}\\b`).test(text);
