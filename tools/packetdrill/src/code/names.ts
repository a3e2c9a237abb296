// What %{ }% may name: the fields of tcp_info, of the controller's own figures, of SO_MEMINFO, and Linux's constants.
import { IPPROTO_TCP } from '@protoloom/contracts/socket';
import { TCP_CC_INFO, TCP_INFO } from '@protoloom/contracts/tcp';
import { fail } from '../failure.js';
import type { SocketFile } from '../system/files.js';
import type { Process } from '../system/process.js';
import { symbol } from '../system/symbols.js';
import type { CodeHost, PyValue } from './evaluator.js';

/** Linux's names of the parts of SO_MEMINFO, of which a stack tells those that are options. */
const SOL_SOCKET = 1;
const MEMORY: Readonly<Record<string, number>> = { SK_MEMINFO_RCVBUF: 8, SK_MEMINFO_SNDBUF: 7 };

/** Names as they stand now: the fields are read once, when the code begins. */
export function codeHost(process: Process, print: (text: string) => void): CodeHost {
  const file = process.socketUnderTest;
  let fields: ReadonlyMap<string, number> | undefined;
  return {
    lookup(name): PyValue | undefined {
      const memory = MEMORY[name];
      if (memory !== undefined && file !== undefined) return Number(process.sockets.getOption(file.endpoint, SOL_SOCKET, memory));
      const known = symbol(name);
      if (known !== undefined) return known;
      fields ??= file === undefined ? new Map() : fieldsOf(process, file);
      return fields.get(name);
    },
    unknown(name) {
      if (!name.startsWith('tcpi_')) return `${name} is not known`;
      return file === undefined ? `${name}: no socket is open whose TCP_INFO that is` : `the stack's TCP_INFO has no ${name}`;
    },
    print,
  };
}

function fieldsOf(process: Process, { endpoint }: SocketFile): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  for (const name of [TCP_INFO, TCP_CC_INFO]) {
    const value = process.sockets.getOption(endpoint, IPPROTO_TCP, name);
    if (typeof value === 'number' && name === TCP_INFO) fail('%{ }%: the socket has no TCP_INFO');
    if (typeof value === 'object' && !(value instanceof Uint8Array))
      for (const [field, figure] of Object.entries(value)) if (typeof figure === 'number') fields.set(field, figure);
  }
  return fields;
}
