// What a script writes as a value, as numbers and text; and what a call gave, held against what it is to give.
import { fail } from '../failure.js';
import type { Field, Value } from '../language/script.js';
import type { Mismatch } from '../packets/compare.js';
import { symbol } from './symbols.js';

/** A value as scripts write it. */
export function written(value: Value): string {
  switch (value.kind) {
    case 'any':
      return '...';
    case 'integer':
      return `${value.value}`;
    case 'word':
      return value.name;
    case 'string':
      return JSON.stringify(value.text) + (value.open ? '...' : '');
    case 'or':
      return value.terms.map(written).join('|');
    case 'list':
      return `[${value.items.map(written).join(', ')}]`;
    case 'function':
      return `${value.name}(${value.args.map(written).join(', ')})`;
    case 'struct':
      return `{${value.fields.map(writtenField).join(', ')}}`;
  }
}

const writtenField = ({ name, count, value }: Field): string =>
  name === undefined ? written(value) : `${name}${count === undefined ? '' : `(${written(count)})`}=${written(value)}`;

/** The number that a value stands for, or undefined where it is none. @throws ScriptFailure about a word that nobody knows. */
export function numberIn(value: Value): number | undefined {
  switch (value.kind) {
    case 'integer':
      return value.value;
    case 'word':
      return symbol(value.name) ?? fail(`${value.name} is no constant that is known here`);
    case 'or': {
      let bits = 0;
      for (const term of value.terms) bits |= numberIn(term) ?? fail(`${written(term)} is no number`);
      return bits;
    }
    case 'list':
      return value.items.length === 1 ? numberIn(value.items[0] as Value) : undefined;
    case 'function':
      return value.name === 'htons' || value.name === 'htonl' ? numberIn(value.args[0] ?? { kind: 'any' }) : undefined;
    default:
      return undefined;
  }
}

/** A structure's field by name, or by its place where it has no name. */
export function fieldOf(value: Value, name: string, place?: number): Value | undefined {
  if (value.kind !== 'struct') return undefined;
  const named = value.fields.find((field) => field.name === name);
  if (named !== undefined) return named.value;
  const placed = place === undefined ? undefined : value.fields[place];
  return placed?.name === undefined ? placed?.value : undefined;
}

/** Items of a list; a single structure stands for a list of one. */
export const itemsOf = (value: Value): readonly Value[] => (value.kind === 'list' ? value.items : value.kind === 'any' ? [] : [value]);

/** The arguments of a call. */
export class Args {
  readonly call: string;
  readonly values: readonly Value[];

  constructor(call: string, values: readonly Value[], fewest: number, most = fewest) {
    this.call = call;
    this.values = values;
    if (values.length < fewest || values.length > most) {
      const wanted = fewest === most ? `${fewest}` : `${fewest} to ${most}`;
      fail(`${call} takes ${wanted} arguments, not ${values.length}`);
    }
  }

  value(i: number): Value {
    return this.values[i] ?? { kind: 'any' };
  }

  isAny(i: number): boolean {
    return this.value(i).kind === 'any';
  }

  number(i: number): number {
    return numberIn(this.value(i)) ?? fail(`argument ${i + 1} of ${this.call} is a number, not ${written(this.value(i))}`);
  }
}

/** What a call gave, in the shape in which scripts write it. */
export type Outcome = number | string | readonly Outcome[] | { readonly [name: string]: Outcome };

/** What of an outcome is not as expected. `path` says where, for messages. */
export function compareOutcome(path: string, expected: Value, actual: Outcome): Mismatch[] {
  if (expected.kind === 'any') return [];
  if (typeof actual === 'number') {
    const number = numberIn(expected);
    if (number !== undefined && (number === actual || number >>> 0 === actual >>> 0)) return [];
    return [{ field: path, expected: written(expected), actual: `${actual}` }];
  }
  if (typeof actual === 'string') {
    const text = expected.kind === 'string' ? expected : expected.kind === 'list' ? expected.items[0] : undefined;
    const same = text?.kind === 'string' && (text.open ? actual.startsWith(text.text) : actual === text.text);
    return same ? [] : [{ field: path, expected: written(expected), actual: JSON.stringify(actual) }];
  }
  if (Array.isArray(actual)) {
    const items = itemsOf(expected);
    if (items.length !== actual.length) return [{ field: `items of ${path}`, expected: `${items.length}`, actual: `${actual.length}` }];
    return items.flatMap((item, i) => compareOutcome(`${path}[${i}]`, item, actual[i] as Outcome));
  }
  const fields = actual as Readonly<Record<string, Outcome>>;
  if (expected.kind !== 'struct') return [{ field: path, expected: written(expected), actual: `{${Object.keys(fields).join(', ')}}` }];
  const names = Object.keys(fields);
  return expected.fields.flatMap(({ name, value }, i) => {
    const key = name ?? names[i] ?? '';
    const found = fields[key];
    if (found === undefined) return fail(`${path} has no field ${key}; it has ${names.join(', ')}`);
    return compareOutcome(`${path}.${key}`, value, found);
  });
}
