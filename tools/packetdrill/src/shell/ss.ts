// ss: the script's own sockets, one a line: state, our address, the peer's.
import { type Endpoint, IPPROTO_TCP } from '@protoloom/contracts/socket';
import { TCP_CLOSE, TCP_INFO } from '@protoloom/contracts/tcp';
import type { SocketFile } from '../system/files.js';
import type { Process } from '../system/process.js';
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

/** TCP's number of a socket's state; that of a closed one, where it has none. */
function stateOf(process: Process, endpoint: Endpoint): number {
  const info = process.sockets.getOption(endpoint, IPPROTO_TCP, TCP_INFO);
  const state = typeof info === 'object' && !(info instanceof Uint8Array) ? info['tcpi_state'] : undefined;
  return typeof state === 'number' ? state : TCP_CLOSE;
}

function line({ process }: ShellContext, { endpoint }: SocketFile): string {
  const state = STATES[stateOf(process, endpoint)] ?? 'UNKNOWN';
  const address = process.sockets.address();
  const local = endpoint.localAddress(address) < 0 ? '*' : `*:${address.port}`;
  const peer = endpoint.peerAddress(address) < 0 ? '*:*' : `*:${address.port}`;
  return `${state.padEnd(12)}${local} ${peer}`;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** /proc/net/tcp, of the script's own sockets: the addresses are left out, ports and states are hexadecimal. */
export function procNetTcp({ process }: ShellContext): string {
  const lines = process.openSockets.map(({ endpoint }, i) => {
    const address = process.sockets.address();
    const local = endpoint.localAddress(address) < 0 ? 0 : address.port;
    const remote = endpoint.peerAddress(address) < 0 ? 0 : address.port;
    return `${String(i).padStart(4)}: ${hex(0, 8)}:${hex(local, 4)} ${hex(0, 8)}:${hex(remote, 4)} ${hex(stateOf(process, endpoint), 2)} \n`;
  });
  return `  sl  local_address rem_address   st\n${lines.join('')}`;
}
