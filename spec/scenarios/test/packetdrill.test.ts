// Scripts in the packetdrill language: our own, which pass, and those recorded from Linux, of which some are known to fail.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '@protoloom/packetdrill';
import { expect } from 'chai';
import { HERE, OWN, play, playUsual, RECORDED, scriptsIn } from './play.js';

const KNOWN_FAILURES = join(HERE, 'known-failures.txt');

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
      const result = playUsual(join(OWN, name));
      if (result.status !== 'pass') expect.fail(told(result));
    });
});

/** What the header of IPv6 has more than that of IPv4, octets: a link takes as many more, so that segments have the same length. */
const MORE_HEADER = 20;

/** The options with which a script plays over another version of IP than its own, which is IPv4. */
function overVersions(text: string): readonly Readonly<Record<string, string>>[] {
  const mtu = Number(/^--mtu=(\d+)/m.exec(text)?.[1] ?? 1500) + MORE_HEADER;
  return [{ ip_version: 'ipv6', mtu: `${mtu}` }, { ip_version: 'ipv4-mapped-ipv6' }];
}

describe('scripts of our own, over every version of IP', () => {
  for (const name of scriptsIn(OWN)) {
    const text = readFileSync(join(OWN, name), 'utf8');
    // A script about one version says so.
    if (/^--ip_version=/m.test(text)) continue;
    for (const options of overVersions(text))
      it(`${name} over ${options['ip_version']}`, () => {
        const result = play(join(OWN, name), { options });
        if (result.status !== 'pass') expect.fail(`${told(result)}\n(about one version only? it says so: --ip_version=ipv4)`);
      });
  }
});

describe('scripts recorded from Linux 6.18', () => {
  const known = knownFailures();
  const names = scriptsIn(RECORDED);

  for (const name of names) {
    const reason = known.get(name);
    it(`${titleOf(RECORDED, name, 2)} [${name}]${reason === undefined ? '' : ': known to fail'}`, () => {
      const result = playUsual(join(RECORDED, name));
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

/** What only IPv4 has: its errors and options, the MTU of the path, and RFC 9293 §3.7.1's segment size for a peer that tells none. */
const ABOUT_IPV4 = /^--ip_version=ipv6|\bicmp\b|\bIP_|tcpi_pmtu|tcpi_snd_mss == 536|IPPROTO_UDP/m;

describe('scripts recorded from Linux 6.18 over IPv4, over the other versions of IP', () => {
  const known = knownFailures();
  for (const name of scriptsIn(RECORDED)) {
    const text = readFileSync(join(RECORDED, name), 'utf8');
    if (known.has(name) || ABOUT_IPV4.test(text)) continue;
    it(name, () => {
      for (const options of overVersions(text)) {
        const result = play(join(RECORDED, name), { options });
        if (result.status !== 'pass') expect.fail(`over ${options['ip_version']}: ${told(result)}`);
      }
    });
  }
});
