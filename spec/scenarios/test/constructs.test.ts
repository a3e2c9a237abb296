// Every construct of the packetdrill language is in a script of our own: what the table of the tool's README lists, and the forms that it tells of.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const OWN = fileURLToPath(new URL('../scripts', import.meta.url));
const README = readFileSync(fileURLToPath(import.meta.resolve('@protoloom/packetdrill')).replace(/dist\/index\.js$/, 'README.md'), 'utf8');

/** What the table of the language lists in backticks, by the row's name. */
function listed(row: string): string[] {
  const [, text = ''] = new RegExp(`^\\| ${row} \\| (.*) \\|$`, 'm').exec(README) ?? [];
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

/** The words of the first list in a row. */
const wordsOf = (row: string): string[] => (listed(row).find((span) => span.includes(' ')) ?? '').split(' ');

type Construct = readonly [name: string, pattern: RegExp];

const ofTheTable: readonly Construct[] = [
  ...wordsOf('settings').map((name): Construct => [`--${name}`, new RegExp(`^--${name}\\b`, 'm')]),
  ...listed('versions')
    .filter((span) => span.startsWith('ipv'))
    .map((version): Construct => [`--ip_version=${version}`, new RegExp(`^--ip_version=${version}$`, 'm')]),
  ...wordsOf('options').map((name): Construct => [`the option ${name}`, new RegExp(`<([^>]*,)?${name}\\b`)]),
  ...wordsOf('IP').map((name): Construct => [`[${name}]`, new RegExp(`\\[([^\\]]*, ?)?${name}\\b[^\\]]*\\] \\S`)]),
  ...wordsOf('calls').map((call): Construct => [`${call}()`, new RegExp(`^[^<>\`]*\\b${call}\\(`, 'm')]),
  ...listed('commands').map((command): Construct => {
    const [name = ''] = command.split(' …');
    return [`the command ${name}`, new RegExp(`(^|[\`;|/] ?)${name.replaceAll('.', '\\.')}`, 'm')];
  }),
];

const forms: readonly Construct[] = [
  ['a file of commands to begin with', /^--init_scripts=[\s\S]*\.\/defaults\.sh/m],
  ['absolute time', /^0 /m],
  ['relative time', /^\+0\.\d+ /m],
  ['any time', /^\* /m],
  ['a range of times', /^\+[\d.]+~\+[\d.]+ /m],
  ['a range of times since the beginning', /^[\d.]+~[\d.]+ /m],
  ['a call that waits', /^\+[\d.]+\.\.\.[\d.]+ /m],
  ['flags with PSH, ECE, CWR and URG', /^\S+ < .*\bPEWU\. /m],
  ['AccECN in a SYN', / SEWA /],
  ['the ACE field', / < \.\d /],
  ['RST', / > R\. /],
  ['FIN', / > F\. /],
  ['a window', / > .* win \d/],
  ['the urgent pointer', / urg \d/],
  ['ports', / \d+ > \d+ S /],
  ['an option by its kind', /<([^>]*,)?kind \d/],
  ['any options', /<\.\.\.>/],
  ['a datagram', / [<>] (\[.*\] )?udp \(/],
  ['a fragment', /\[frag \d+:\d+\]/],
  ['an ICMP error that quotes a segment, with an MTU', /icmp unreachable frag_needed mtu \d+ \[\d/],
  ['an ICMP error that quotes a datagram', /icmp unreachable \w+ \[udp \(/],
  ['an ICMP type and code by number', /icmp type_3 code_1/],
  ['an echo', /icmp echo_request id \d+ \[raw/],
  ['an errno with its comment', /= -1 E[A-Z]+ \([A-Z]/],
  ['linger', /\{onoff=1/],
  ['msghdr with a control message', /msg_control=\[\{cmsg_level/],
  ['tcp_info', /TCP_INFO, \{tcpi_/],
  ['epoll_event', /\{events=EPOLLIN/],
  ['assert', /\bassert\b/],
  ['assignment, print and arithmetic', /print\(.*\/\//],
  ['min, max, abs', /min\(.*max\(.*abs\(/],
  ...['and', 'or', 'not', 'in'].map((word) => [`${word} in code`, new RegExp(`%\\{[^}]*\\b${word}\\b[^}]*\\}%`)] as const),
  ['#ifdef, #else, #endif', /#ifdef[\s\S]*#else[\s\S]*#endif/],
  ['#ifndef', /#ifndef/],
];

describe('constructs of the packetdrill language', () => {
  const texts = readdirSync(OWN, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .map((name) => readFileSync(join(OWN, name), 'utf8'));

  for (const [name, pattern] of [...ofTheTable, ...forms])
    it(`${name} is in a script of our own`, () => {
      expect(
        texts.some((text) => pattern.test(text)),
        `a script with ${pattern}`,
      ).to.equal(true);
    });
});
