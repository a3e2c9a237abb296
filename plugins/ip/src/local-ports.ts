// Ports that the stack may choose: `net.ipv4.ip_local_port_range` and its exceptions, for every transport and family.
import type { LocalPorts } from '@protoloom/contracts/ip';

interface PortSysctls {
  readonly localPortRange: readonly number[];
  readonly localReservedPorts: string;
  readonly unprivilegedPortStart: number;
}

/** Reads `8080,9148-9200`. @throws RangeError that says what is allowed. */
export function parsePorts(text: string): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const low = Number(match?.[1]);
    const high = Number(match?.[2] ?? match?.[1]);
    if (match === null || low > high || high > 65_535)
      throw new RangeError('takes ports and ranges from 0 to 65535, such as 8080,9148-9200');
    for (let port = low; port <= high; port++) ports.add(port);
  }
  return ports;
}

export class ConfiguredPorts implements LocalPorts {
  readonly #sysctls: PortSysctls;
  #text = '';
  #reserved: ReadonlySet<number> = new Set();

  constructor(sysctls: PortSysctls) {
    this.#sysctls = sysctls;
  }

  get low(): number {
    return this.#sysctls.localPortRange[0] as number;
  }
  get high(): number {
    return this.#sysctls.localPortRange[1] as number;
  }
  get unprivilegedStart(): number {
    return this.#sysctls.unprivilegedPortStart;
  }

  isReserved(port: number): boolean {
    const { localReservedPorts } = this.#sysctls;
    if (localReservedPorts !== this.#text) {
      this.#reserved = parsePorts(localReservedPorts);
      this.#text = localReservedPorts;
    }
    return this.#reserved.has(port);
  }
}
