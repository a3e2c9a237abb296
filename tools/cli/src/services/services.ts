// Services by name: NAME or NAME:PORT.
import type { StreamServer } from '@protoloom/node';
import type { Stack } from '@protoloom/stack';
import { UsageError } from '../usage.js';
import { serveHttp } from './http/server.js';
import { serveIperf3 } from './iperf3/server.js';
import { SMALL, serveSmall } from './small.js';

const PORTS: Readonly<Record<string, number>> = { echo: 7, discard: 9, daytime: 13, chargen: 19, http: 80, iperf3: 5201 };

export interface ServiceSpec {
  readonly name: string;
  readonly port: number;
  /** `tcp`, `udp` or both. */
  readonly protocols: readonly string[];
}

/** @throws UsageError. */
export function parseService(text: string): ServiceSpec {
  const [name, portText, ...rest] = text.split(':') as [string, ...string[]];
  const usual = PORTS[name];
  if (usual === undefined || rest.length > 0)
    throw new UsageError(`--service ${text}: there is ${Object.keys(PORTS).join(', ')}, each with :PORT where wanted`);
  const port = portText === undefined ? usual : /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port >= 1 && port <= 65_535)) throw new UsageError(`--service ${text}: a port is a whole number from 1 to 65535`);
  return { name, port, protocols: name === 'http' ? ['tcp'] : ['tcp', 'udp'] };
}

export function serve(stack: Stack, { name, port }: ServiceSpec): Promise<StreamServer> {
  const small = SMALL[name];
  if (small !== undefined) return serveSmall(stack, small, port);
  return name === 'iperf3' ? serveIperf3(stack, port) : serveHttp(stack, port);
}
