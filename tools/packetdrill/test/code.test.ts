import { ScriptError } from '@protoloom/packetdrill';
import { expect } from 'chai';
import { type PyValue, runCode, type Scope } from '../dist/code/evaluator.js';
import { ScriptFailure } from '../dist/failure.js';

const NAMES: Readonly<Record<string, number>> = { tcpi_rtt: 10_000, tcpi_snd_cwnd: 10, TCP_ESTABLISHED: 1 };

/** Runs code; what it printed. */
function printed(text: string, scope: Scope = new Map()): string[] {
  const lines: string[] = [];
  runCode({ kind: 'code', text, line: 7, column: 3 }, scope, {
    lookup: (name) => NAMES[name],
    unknown: (name) => `${name} is not known`,
    print: (line) => void lines.push(line),
  });
  return lines;
}
const value = (expression: string): string => printed(`print(${expression})`)[0] ?? '';

/** What code fails with. */
function failure(text: string): string {
  try {
    printed(text);
  } catch (error) {
    if (error instanceof ScriptError) return `${error.line}:${error.column} ${error.message}`;
    if (!(error instanceof ScriptFailure)) throw error;
    return [error.message, ...error.mismatches.map(({ expected, actual }) => `${expected} but ${actual}`)].join('; ');
  }
  return 'nothing';
}

describe('the code of scripts', () => {
  // Each as Python 3 gives it.
  const expressions: readonly (readonly [expression: string, result: string])[] = [
    ['1 + 2 * 3 - 4', '3'],
    ['(1 + 2) * 3', '9'],
    ['2 ** 3 ** 2', '512'],
    ['-2 ** 2', '-4'],
    ['7 // 2, -7 // 2, 7 % 3, -7 % 3', '3 -4 1 2'],
    ['7 / 2', '3.5'],
    ['1 << 4 | 3 & 2 ^ 1', '19'],
    ['0xff & ~0x0f', '240'],
    ['1 < 2 < 3, 1 < 3 < 2, 1 == 1 != 2', 'True False True'],
    ['not 1 == 2 and 3', '3'],
    ['0 or 5, 1 and 0, None or "x"', '5 0 x'],
    ['1 in [1, 2], 3 not in (1, 2), "b" in "abc"', 'True True True'],
    ['1 if tcpi_rtt > 5 else 2', '1'],
    ['min(3, 1, 2), max([4, 9]), abs(-3), len("abc"), len([1, 2])', '1 9 3 3 2'],
    ['int(7.9), int("12"), round(2.345, 2), float(3) / 2, sum([1, 2, 3])', '7 12 2.35 1.5 6'],
    ['"cwnd=%d of %s, 0x%04x, %5.2f%%" % (tcpi_snd_cwnd, "me", 255, 1.5)', 'cwnd=10 of me, 0x00ff,  1.50%'],
    ['"%-4d|%3d|" % (7, 7)', '7   |  7|'],
    ['"a" "b" + \'c\'', 'abc'],
    ['[1, "a", (2, 3)][2][0], [1, 2][-1]', '2 2'],
    ['True + 1, str(3) + "x", True == 1', '2 3x True'],
    ['tcpi_rtt is not None, 1 is 1', 'True True'],
  ];
  for (const [expression, result] of expressions) it(expression, () => expect(value(expression)).to.equal(result));

  it('statements: assignment, +=, several in a line, over lines and brackets, comments', () => {
    const scope: Scope = new Map<string, PyValue>();
    const lines = printed(
      'cwnd = tcpi_snd_cwnd; cwnd += 5 # a comment\ncwnd -= 1\ncwnd *= 2; cwnd //= 3; cwnd %= 5\nprint(cwnd,\n  "x")\npass\nprint',
      scope,
    );
    expect(lines).to.deep.equal(['4 x', '']);
    expect(printed('cwnd += 10; print(cwnd)', scope)).to.deep.equal(['14']);
    expect(printed('assert 1 == 1 and \\\n  2 == 2')).to.deep.equal([]);
  });

  it('an assertion tells what it compared, and its message', () => {
    expect(failure('assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd')).to.equal('the assertion does not hold: 10; == 11 but 10');
    expect(failure('assert 5 <= tcpi_snd_cwnd <= 9')).to.equal('the assertion does not hold; <= 9 but 10');
    expect(failure('assert 0, "never"')).to.equal('the assertion does not hold: never');
    expect(failure('assert tcpi_snd_cwnd in (1, 2)')).to.equal('the assertion does not hold; in [1, 2] but 10');
  });

  it('what Python would not evaluate need not be known', () => {
    expect(printed('assert True or nonsense\nassert not (False and nonsense / 0)')).to.deep.equal([]);
    expect(failure('assert nonsense')).to.equal('nonsense is not known');
  });

  it('faults have a place in the script', () => {
    expect(failure('assert 1 ==')).to.equal('7:14 expected a value, found the end of the script');
    expect(failure('x = 1\n  y = ]')).to.equal('8:7 expected a value, found ]');
    expect(failure('print(1 2)')).to.equal('7:11 expected ), found 2)');
    expect(failure('for x in y: pass')).to.equal('7:3 expected a value, found for x in y: pass');
    expect(failure('a ? b')).to.equal('7:5 expected a Python expression, found ? b');
    expect(failure('1 / 0')).to.equal('division by zero');
    expect(failure('nothing(1)')).to.contain('there is no function nothing; there is min, max, abs');
    expect(failure('"%d" % (1, 2)')).to.equal("'%d' takes 1 values, not 2");
  });

  it('code without end is refused', () => {
    expect(failure(`print(${'('.repeat(100_000)}`)).to.contain('less than 200 expressions');
    expect(failure(`print(${'-'.repeat(100_000)}1`)).to.contain('less than 200 expressions');
    expect(failure(`print(${'not '.repeat(100_000)}1)`)).to.contain('less than 200 expressions');
    expect(failure('x = "a" * 3')).to.equal("'a' is no number");
  });
});
