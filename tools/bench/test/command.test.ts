import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const PROGRAM = fileURLToPath(new URL('../bin/bench.js', import.meta.url));

function bench(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 15_000 });
  return { status, stdout, stderr };
}

describe('npm run bench', () => {
  for (const [args, message] of [
    [['--runs', '0'], /--runs 0: a whole number from 1 on/],
    [['--only', 'gopher'], /--only gopher: no measure is called so; --list names them/],
    [['--contender', 'gopher'], /--contender gopher: there are limit, kernel, protoloom/],
    [['soak', '--minutes', '1'], /--minutes 1: a number from 2 on/],
    [['profile', '--only', 'gopher'], /--only gopher: no measure is called so/],
    [['document', '--only', 'gopher'], /--only gopher: no measure is called so; --list names them/],
    [['document', 'gopher'], /document gopher: there are figures, profile, growth, soak/],
    [['growth', '--nope'], /Unknown option '--nope'/],
    [['--nope'], /Unknown option '--nope'/],
  ] as const) {
    it(`refuses ${args.join(' ')} with one line and code 2`, () => {
      const { status, stdout, stderr } = bench(...args);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr)
        .to.match(/^bench[^\n]*: [^\n]+\n$/)
        .and.match(message);
    });
  }

  it('names its measures, and who takes part: ourselves, and somebody beside', () => {
    const { status, stdout } = bench('--list');
    expect(status).to.equal(0);
    for (const line of stdout.trim().split('\n'))
      expect(line)
        .to.match(/: .*protoloom/)
        .and.match(/: .*, /);
  });

  it('takes fewer with --quick', () => {
    const [all, few] = [bench('--list'), bench('--quick', '--list')].map(({ stdout }) => stdout.split('\n').length) as [number, number];
    expect(few).to.be.lessThan(all);
  });
});
