// Who is measured, and how each is started: a command, where it runs, and what it says once it serves.
import { dirname, join } from 'node:path';
import { type BenchTopology, DEVICE, HOST, HOST6, PORT, SLIRP_HOST, TAP_ADDRESSES } from '../bench-topology.js';
import type { Measure } from '../measures.js';
import { PEER_PROGRAM, type PeerName, peerPath } from '../peers.js';
import { PROGRAM, root } from '../topology.js';

/**
 * `limit`: the device without a stack. `kernel`: the kernel itself, over veth. `protoloom`: the whole host. `protoloom-ipv4`: the same, reached
 * over IPv4 whatever the measure's family, so that families are compared in the same runs. `protoloom-http`: the http service of
 * `protoloom up`, which reads what it is asked. `node-net`, `node-http`: Node's servers on the kernel's sockets, over veth. `slirp4netns`: a server
 * of the kernel's behind it. The others are programs under peers/.
 */
export type ContenderName =
  | 'limit'
  | 'kernel'
  | 'protoloom'
  | 'protoloom-ipv4'
  | 'protoloom-http'
  | 'slirp4netns'
  | 'node-net'
  | 'node-http'
  | PeerName;

export const CONTENDERS: readonly ContenderName[] = [
  'limit',
  'kernel',
  'protoloom',
  'protoloom-ipv4',
  'protoloom-http',
  'gvisor',
  'lwip',
  'smoltcp',
  'slirp4netns',
  'node-net',
  'node-http',
];

const NODE_PROGRAMS: readonly ContenderName[] = ['limit', 'protoloom', 'protoloom-ipv4', 'protoloom-http', 'node-net', 'node-http'];

/** Node's programs: V8 compiles what turns out to be hot, again and again for some seconds. */
export const isCompiledAsItRuns = (contender: ContenderName): boolean => NODE_PROGRAMS.includes(contender);

/** The command beside this package: what users start. */
const COMMAND = join(dirname(root), 'cli', 'bin', 'protoloom.js');

export interface Start {
  readonly where: 'near' | 'far';
  readonly command: readonly string[];
  /** What its output begins with once it serves. */
  readonly word: string;
}

/** A setting of a contender that is a Node program of ours. */
export interface Setting extends Pick<Measure, 'mode' | 'offload' | 'mtu'> {
  readonly contender: ContenderName;
}

/** Prepares the topology for it. @throws what ip(8) says. */
export function startOf(contender: ContenderName, measure: Measure, topology: BenchTopology): Start {
  const { mode, offload, mtu } = measure;
  const own = (where: Start['where']): Start => {
    const setting: Setting = { contender: contender === 'protoloom-ipv4' ? 'protoloom' : contender, mode, offload, mtu };
    return { where, command: [process.execPath, '--expose-gc', PROGRAM, '--serve', JSON.stringify(setting)], word: 'ready' };
  };
  switch (contender) {
    case 'kernel':
    case 'slirp4netns':
      if (contender === 'kernel') topology.veth(mtu);
      // What comes through slirp4netns goes to the loopback of where it runs.
      return { where: 'far', command: [PEER_PROGRAM, 'serve', mode, addressOf(contender, measure.family), String(PORT)], word: 'ready' };
    case 'node-net':
    case 'node-http':
      topology.veth(mtu);
      return own('far');
    case 'limit':
    case 'protoloom':
    case 'protoloom-ipv4':
      return own('near');
    case 'protoloom-http': {
      const { kernel, host } = TAP_ADDRESSES;
      const options = [
        ['--tap', DEVICE],
        ...host.map((address) => ['--address', address]),
        ...kernel.map((address) => ['--kernel-address', address]),
      ];
      const command = [process.execPath, COMMAND, 'up', ...options.flat(), '--service', `http:${PORT}`];
      return { where: 'near', command, word: 'protoloom serves' };
    }
    default:
      topology.tap(mtu);
      return {
        where: 'near',
        command: [peerPath(contender), DEVICE, mode, offload ? 'offload' : 'plain', String(PORT), ...TAP_ADDRESSES.host],
        word: 'ready',
      };
  }
}

/** Where the server listens. */
function addressOf(contender: ContenderName, family: 4 | 6): string {
  if (contender === 'slirp4netns') return '127.0.0.1';
  return family === 6 ? HOST6 : HOST;
}

/** Where the client reaches it. */
export function targetOf(contender: ContenderName, family: 4 | 6): string {
  if (contender === 'slirp4netns') return SLIRP_HOST;
  return family === 6 && contender !== 'protoloom-ipv4' ? HOST6 : HOST;
}
