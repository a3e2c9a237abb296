// ss: the script's own sockets, one a line: state, our address, the peer's.
import { IPPROTO_TCP } from '@protoloom/contracts/socket';
import { TCP_INFO } from '@protoloom/contracts/tcp';
import type { SocketFile } from '../system/files.js';
import { type Done, done, type ShellContext } from './shell.js';

const STATES = [
  'UNKNOWN',
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
];

export function ss(context: ShellContext, words: readonly string[]): Done {
  const flags = words.slice(1).join('');
  const { process } = context;
  const lines = process.openSockets.filter((file) => wanted(flags, file)).map((file) => line(context, file));
  return done(['State       Local Peer', ...lines].map((one) => `${one}\n`).join(''));
}

/** -t and -u; without either, both. */
const wanted = (flags: string, { endpoint }: SocketFile): boolean =>
  !/[tu]/.test(flags) || flags.includes(endpoint.socket.protocol === IPPROTO_TCP ? 't' : 'u');

function line({ process }: ShellContext, { endpoint }: SocketFile): string {
  const info = process.sockets.getOption(endpoint, IPPROTO_TCP, TCP_INFO);
  const state = typeof info === 'object' && 'tcpi_state' in info ? (STATES[Number(info['tcpi_state' as keyof typeof info])] ?? 'UNKNOWN') : 'UNCONN';
  const address = process.sockets.address();
  const local = endpoint.localAddress(address) < 0 ? '*' : `*:${address.port}`;
  const peer = endpoint.peerAddress(address) < 0 ? '*:*' : `*:${address.port}`;
  return `${state.padEnd(12)}${local} ${peer}`;
}
