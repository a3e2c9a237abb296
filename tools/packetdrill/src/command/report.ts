// What became of scripts, for people, for programs, and for CI.
import type { Mismatch } from '../packets/compare.js';
import type { RunResult } from '../run/run.js';

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const WORDS = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

const place = (path: string, { line, column }: RunResult): string => (line === 0 ? path : `${path}:${line}:${column}`);

/** One line, and where it failed the event with what was expected and what there was. */
export function textOf(path: string, result: RunResult, verbose: boolean): string {
  const { status, reason, event, mismatches, conversation, output, warnings } = result;
  const lines = [status === 'pass' ? `${WORDS[status]}  ${path}` : `${WORDS[status]}  ${place(path, result)}: ${reason}`];
  if (status === 'fail' && event !== '') lines.push(`        ${event}`);
  if (status === 'fail') lines.push(...sideBySide(mismatches));
  lines.push(...warnings.map((warning) => `      warning: line ${warning}`));
  lines.push(...(verbose ? conversation : output).map((line) => `      ${line}`));
  return `${lines.join('\n')}\n`;
}

function sideBySide(mismatches: readonly Mismatch[]): string[] {
  const wide = Math.max(0, ...mismatches.map(({ field }) => field.length));
  return mismatches.flatMap(({ field, expected, actual }) => [
    `        ${field.padEnd(wide)}  expected  ${expected}`,
    `        ${' '.repeat(wide)}  actual    ${actual}`,
  ]);
}

export const summaryOf = ({ passed, failed, skipped }: Totals): string => `${passed} passed, ${failed} failed, ${skipped} skipped\n`;

/** One object a line. */
export const jsonOf = (path: string, { conversation, ...result }: RunResult, verbose: boolean): string =>
  `${JSON.stringify({ path, ...result, ...(verbose ? { conversation } : {}) })}\n`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Text in XML 1.0, which has no control characters but tab and the ends of lines. */
const xml = (text: string): string =>
  Array.from(text, (character) => (character < ' ' && !'\t\n\r'.includes(character) ? '\ufffd' : (ENTITIES[character] ?? character))).join(
    '',
  );

/** JUnit's XML: one case a script, under the name of its file. */
export function junitOf(results: readonly (readonly [path: string, result: RunResult])[], { failed, skipped }: Totals): string {
  const cases = results.map(([path, result]) => {
    const inner =
      result.status === 'pass'
        ? ''
        : result.status === 'skip'
          ? `<skipped message="${xml(result.reason)}"/>`
          : `<failure message="${xml(result.reason)}">${xml(textOf(path, result, true))}</failure>`;
    return `    <testcase classname="packetdrill" name="${xml(path)}">${inner}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="packetdrill" tests="${results.length}" failures="${failed}" skipped="${skipped}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
