// Scripts that pass, for tests that change one thing in them.
import { type RunOptions, type RunResult, runScript } from '@protoloom/packetdrill';
import { expect } from 'chai';

/** A passive open, a request, a response, and an orderly release by the peer. */
export const CONVERSATION = `// one conversation
--tolerance_usecs=1000
--tolerance_percent=0

\`sysctl -q net.ipv4.tcp_congestion_control=newreno\`

0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0.1 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1000 ecr 0,nop,wscale 7>
+0 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 10>
+0.01 < . 1:1(0) ack 1 win 1024 <nop,nop,TS val 1010 ecr 100>
+0 accept(3, ..., ...) = 4
+0.01 < P. 1:11(10) ack 1 win 1024 <nop,nop,TS val 1020 ecr 100>
+0 > [noecn] . 1:1(0) ack 11 <nop,nop,TS val 120 ecr 1020>
+0 read(4, ..., 100) = 10
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)
+0 write(4, ..., 20) = 20
+0 > P. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>
+0 getsockopt(4, IPPROTO_TCP, TCP_MAXSEG, [988], [4]) = 0
+0 %{ assert tcpi_unacked == 1, tcpi_unacked }%
+0.1 < . 11:11(0) ack 21 win 1024 <nop,nop,TS val 1130 ecr 120>
+0 %{ assert tcpi_unacked == 0 }%
`;

/** Runs it. */
export const run = (text: string, options: RunOptions = {}): RunResult => runScript(text, options);

/** Runs what has to pass. */
export function passes(text: string, options: RunOptions = {}): RunResult {
  const result = runScript(text, options);
  expect(`${result.status} ${result.line} ${result.reason} ${JSON.stringify(result.mismatches)}`).to.equal('pass 0  []');
  return result;
}

/** Runs what has to fail; answers the fields that differ, those of the packet as a whole left out. */
export function failing(text: string, options: RunOptions = {}): { readonly result: RunResult; readonly fields: readonly string[] } {
  const result = runScript(text, options);
  expect(result.status, result.reason).to.equal('fail');
  return { result, fields: result.mismatches.map(({ field }) => field).filter((field) => field !== 'packet') };
}

/** The text with one thing changed, which has to be in it once. */
export function changed(text: string, from: string, to: string): string {
  expect(text.split(from).length, `«${from}» once`).to.equal(2);
  return text.replace(from, () => to);
}

/** The line, from 1, in which the text has `part` first. */
export const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;
