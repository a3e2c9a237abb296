// Scripts in the packetdrill language: our own, which pass, and those recorded from Linux, of which some are known to fail.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunResult, runScript } from '@protoloom/packetdrill';
import { expect } from 'chai';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const OWN = join(HERE, 'scripts');
const RECORDED = join(HERE, 'recorded');
const KNOWN_FAILURES = join(HERE, 'known-failures.txt');

const scriptsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .sort();

function play(folder: string, name: string): RunResult {
  const path = join(folder, name);
  return runScript(readFileSync(path, 'utf8'), {
    readFile(other) {
      const file = resolve(dirname(path), other);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
  });
}

/** The comment that a script begins with. */
function titleOf(folder: string, name: string, lines: number): string {
  const first = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, lines);
  return first.map((line) => line.replace(/^\/\/\s*/, '')).join('; ');
}

/** What a failure comes down to, for a message. */
const told = ({ status, line, reason, mismatches }: RunResult): string =>
  [
    `${status} at line ${line}: ${reason}`,
    ...mismatches.map(({ field, expected, actual }) => `${field}: expected ${expected}, was ${actual}`),
  ].join('\n');

/** Names of the list by the reason that stands above them: a line that begins with # is a reason, or goes on with one. */
function knownFailures(): Map<string, string> {
  const known = new Map<string, string>();
  let reason = '';
  let inReason = false;
  for (const line of readFileSync(KNOWN_FAILURES, 'utf8').split('\n')) {
    if (line.startsWith('#')) {
      reason = inReason ? `${reason} ${line.slice(1).trim()}` : line.slice(1).trim();
      inReason = true;
      continue;
    }
    inReason = false;
    const name = line.trim();
    if (name === '') continue;
    if (known.has(name)) throw new Error(`${name} is listed twice`);
    known.set(name, reason);
  }
  return known;
}

describe('scripts of our own', () => {
  for (const name of scriptsIn(OWN))
    it(`${titleOf(OWN, name, 1)} [${name}]`, () => {
      const result = play(OWN, name);
      if (result.status !== 'pass') expect.fail(told(result));
    });
});

describe('scripts recorded from Linux 6.18', () => {
  const known = knownFailures();
  const names = scriptsIn(RECORDED);

  for (const name of names) {
    const reason = known.get(name);
    it(`${titleOf(RECORDED, name, 2)} [${name}]${reason === undefined ? '' : ': known to fail'}`, () => {
      const result = play(RECORDED, name);
      if (reason === undefined && result.status !== 'pass') expect.fail(told(result));
      if (reason !== undefined && result.status === 'pass')
        expect.fail(`it passes: take it out of known-failures.txt, where it stands under «${reason}»`);
    });
  }

  it('the list of known failures names scripts that there are, each under a reason', () => {
    expect([...known.keys()].filter((name) => !names.includes(name))).to.deep.equal([]);
    expect([...known.values()].filter((reason) => reason === '')).to.deep.equal([]);
  });
});
