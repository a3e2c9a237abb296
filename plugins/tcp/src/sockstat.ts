// What /proc/net/sockstat tells of TCP.
import type { Tcp } from './context.js';
import { FLOW_CONNECTION } from './tcb.js';

export interface Sockstat {
  /** Listeners and connections, those without a user among them; neither half-open ones nor TIME-WAITs. */
  readonly inuse: number;
  /** Connections without a user that have something to do still. */
  readonly orphan: number;
  /** In TIME-WAIT; or in FIN-WAIT-2 without a user. */
  readonly tw: number;
  /** Pages of 4096 bytes in buffers, as tcp_mem counts them. */
  readonly mem: number;
}

export function sockstat({ demux, orphans, timeWaits, memory }: Tcp): Sockstat {
  let inuse = demux.listeners;
  let tw = timeWaits.count;
  demux.forEach((flow) => {
    if (flow.kind !== FLOW_CONNECTION) return;
    if (flow.orphan && !flow.orphanCounted) tw++;
    else inuse++;
  });
  return { inuse, orphan: orphans, tw, mem: memory.pages };
}
