// Every construct of the packetdrill language is in a script of our own.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const OWN = fileURLToPath(new URL('../scripts', import.meta.url));
const CALLS =
  'socket bind listen accept accept4 connect shutdown close read readv recv recvfrom recvmsg write writev send sendto sendmsg sendfile splice ' +
  'getsockopt setsockopt ioctl fcntl poll epoll_create epoll_ctl epoll_wait open pipe';
const COMMANDS = 'sysctl echo nstat ss grep cat dd rm';
const OPTIONS =
  'ip_version local_ip remote_ip gateway_ip netmask_ip connect_port bind_port mtu mss speed tolerance_usecs tolerance_percent ' +
  'tcp_ts_tick_usecs non_fatal strict_segments define';

const constructs: readonly (readonly [name: string, pattern: RegExp])[] = [
  ...CALLS.split(' ').map((call) => [`${call}()`, new RegExp(`^[^<>\`]*\\b${call}\\(`, 'm')] as const),
  ...COMMANDS.split(' ').map((command) => [`the command ${command}`, new RegExp(`(^|\`|\\| )${command} `, 'm')] as const),
  ...OPTIONS.split(' ').map((option) => [`--${option}`, new RegExp(`^--${option}\\b`, 'm')] as const),
  ...['ip route', 'ip tcp_metrics', 'tc qdisc', 'ethtool -K'].map((command) => [command, new RegExp(`(^|\`)${command} `, 'm')] as const),
  ['--init_scripts and a file of commands', /^--init_scripts=[\s\S]*\.\/defaults\.sh/m],
  ['absolute time', /^0 /m],
  ['relative time', /^\+0\.\d+ /m],
  ['any time', /^\* /m],
  ['a range of times', /^\+[\d.]+~\+[\d.]+ /m],
  ['a call that waits', /^\+[\d.]+\.\.\.[\d.]+ /m],
  ['flags with PSH, ECE, CWR and URG', /^\S+ < .*\bPEWU\. /m],
  ['AccECN in a SYN', / SEWA /],
  ['the ACE field', / < \.\d /],
  ['RST', / > R\. /],
  ['FIN', / > F\. /],
  ['a window', / > .* win \d/],
  ['the urgent pointer', / urg \d/],
  ['ports', / \d+ > \d+ S /],
  ...['mss \\d', 'nop', 'eol', 'wscale \\d', 'sackOK', 'sack \\d', 'TS val', 'FO[,>]', 'FOEXP', 'md5', 'ECN e', 'kind \\d'].map(
    (option) => [`the option ${option}`, new RegExp(`<([^>]*,)?${option}`)] as const,
  ),
  ['any options', /<\.\.\.>/],
  ['a datagram', / [<>] (\[.*\] )?udp \(/],
  ['a fragment', /\[frag \d+:\d+\]/],
  ['an ICMP error that quotes a segment, with an MTU', /icmp unreachable frag_needed mtu \d+ \[\d/],
  ['an ICMP type and code by number', /icmp type_3 code_1/],
  ['an echo', /icmp echo_request id \d+ \[raw/],
  ...['noecn', 'ect0', 'ce', 'tos 0x', 'ttl \\d'].map(
    (attribute) => [`[${attribute}]`, new RegExp(`\\[([^\\]]*, ?)?${attribute}`)] as const,
  ),
  ['an errno with its comment', /= -1 E[A-Z]+ \([A-Z]/],
  ['linger', /\{onoff=1/],
  ['msghdr with a control message', /msg_control=\[\{cmsg_level/],
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

  for (const [name, pattern] of constructs)
    it(`${name} is in a script of our own`, () => {
      expect(
        texts.some((text) => pattern.test(text)),
        `a script with ${pattern}`,
      ).to.equal(true);
    });
});
