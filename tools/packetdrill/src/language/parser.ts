// Scripts as text, and the events in them.
import { packet } from './packets.js';
import type { Call, Code, Command, EventTime, OptionLine, Script, ScriptEvent } from './script.js';
import { type Definitions, ValueReader } from './values.js';

const SECONDS = /\d*\.\d+|\d+/y;
const EVENT = /[+*.\d]/y;
const ERRNO = /[A-Z][A-Z0-9_]*/y;
const NOTE = /\([^()\n]*\)/y;
const OPTION = /--[A-Za-z][A-Za-z0-9_]*/y;
const PLAIN = /[^\s"`]+/y;
const SHOWN = 160;

/**
 * Reads a script whole.
 * @param definitions of the command line; they come before those of the script.
 * @param usual what else symbols stand for, by the script's options; they come last.
 * @throws ScriptError at the first place that is no script.
 */
export function parseScript(
  text: string,
  definitions: Definitions = new Map(),
  usual: (options: readonly OptionLine[]) => Definitions = () => new Map(),
): Script {
  const reader = new ValueReader(text, definitions);
  const options: OptionLine[] = [];
  while (reader.sees(OPTION)) options.push(option(reader, definitions));
  for (const [symbol, meaning] of usual(options)) if (!reader.definitions.has(symbol)) reader.definitions.set(symbol, meaning);
  const init: Command[] = [];
  while (reader.sees(/`/y)) init.push(command(reader));
  const events: ScriptEvent[] = [];
  let cleanup: Command | undefined;
  while (!reader.ended) {
    if (cleanup !== undefined) reader.fail('the end of the script after the last command');
    if (reader.sees(/`/y)) cleanup = command(reader);
    else events.push(event(reader));
  }
  if (events.length === 0) reader.fail('an event, such as: 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3');
  return { options, init, events, cleanup, missing: reader.missing };
}

function option(reader: ValueReader, given: Definitions): OptionLine {
  reader.skip();
  const at = reader.at;
  const name = (reader.take(OPTION) as string).slice(2);
  const value = reader.takeHere(/=/y) === undefined ? undefined : optionValue(reader);
  if (name === 'define') {
    const [symbol, meaning] = definition(value ?? '') ?? reader.refuse('--define takes NAME=value', at);
    if (!given.has(symbol)) reader.definitions.set(symbol, meaning);
  }
  return { name, value, ...reader.place(at) };
}

/** Up to the next blank; what is in quotes or backticks may have blanks. */
function optionValue(reader: ValueReader): string {
  let value = '';
  for (;;) {
    const plain = reader.takeHere(PLAIN);
    if (plain !== undefined) value += plain;
    else if (reader.text[reader.at] === '"') value += `"${reader.quoted('"', '"')}"`;
    else if (reader.text[reader.at] === '`') value += `\`${reader.quoted('`', '`')}\``;
    else return value;
  }
}

/** `NAME=value` taken apart, or undefined. */
export function definition(text: string): readonly [symbol: string, meaning: string] | undefined {
  const [, symbol, meaning] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(text) ?? [];
  return symbol === undefined || meaning === undefined ? undefined : [symbol, meaning];
}

function command(reader: ValueReader): Command {
  reader.skip();
  const place = reader.place(reader.at + 1);
  return { kind: 'command', text: reader.quoted('`', '`'), ...place };
}

function code(reader: ValueReader): Code {
  reader.skip();
  const place = reader.place(reader.at + 2);
  return { kind: 'code', text: reader.quoted('%{', '}%'), ...place };
}

function event(reader: ValueReader): ScriptEvent {
  reader.skip();
  const from = reader.at;
  const place = reader.place(from);
  if (!reader.sees(EVENT)) reader.fail('the time of an event: a number, +number or *');
  const time = eventTime(reader);
  const action = eventAction(reader);
  const text = reader.text.slice(from, reader.at).replace(/\s+/g, ' ').trim();
  return { ...place, text: text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text, time, action };
}

function eventTime(reader: ValueReader): EventTime {
  if (reader.taken('*')) return { kind: 'any', us: 0, endUs: 0 };
  const relative = reader.taken('+');
  const us = microseconds(reader);
  if (!reader.taken('~')) return { kind: relative ? 'relative' : 'absolute', us, endUs: us };
  if (relative && !reader.taken('+')) reader.fail('+ and the end of the range');
  const at = reader.at;
  const endUs = microseconds(reader);
  if (endUs < us) reader.refuse('the range ends before it begins', at);
  return { kind: relative ? 'relative-range' : 'absolute-range', us, endUs };
}

function microseconds(reader: ValueReader): number {
  const text = reader.take(SECONDS);
  if (text === undefined) reader.fail('a time in seconds');
  return Math.round(Number(text) * 1e6);
}

function eventAction(reader: ValueReader): ScriptEvent['action'] {
  if (reader.taken('<')) return { kind: 'packet', direction: 'in', packet: packet(reader, 'in') };
  if (reader.taken('>')) return { kind: 'packet', direction: 'out', packet: packet(reader, 'out') };
  if (reader.sees(/`/y)) return command(reader);
  if (reader.sees(/%\{/y)) return code(reader);
  return call(reader);
}

function call(reader: ValueReader): Call | Command {
  const endUs = reader.taken('...') ? microseconds(reader) : undefined;
  const { line, column } = reader.place();
  const name = reader.word();
  if (name === undefined) reader.fail('<, >, a system call, `command` or %{ code }%');
  const meaning = reader.definitions.get(name);
  if (meaning?.startsWith('`')) return { kind: 'command', text: meaning.slice(1, -1), line, column };
  reader.expect('(');
  const args = reader.values(')');
  reader.expect('=');
  const result = reader.value();
  const errno = reader.take(ERRNO);
  reader.take(NOTE);
  return { kind: 'call', name, args, result, errno, endUs };
}
