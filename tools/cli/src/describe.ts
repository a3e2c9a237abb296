// protoloom describe: what a host is assembled from.

import { parseArgs } from 'node:util';
import { linuxHost } from '@protoloom/linux';
import { assemble } from '@protoloom/stack';

export const HELP = `usage: protoloom describe [--graph]

Prints the plugins of the whole host in the order of construction, who attaches where, the headroom and every sysctl.

  --graph   the plugins and their edges as a Mermaid flow chart
`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { graph: { type: 'boolean', default: false } } });
  const stack = assemble({ plugins: linuxHost, host: { nowUs: () => 0, entropy: (bytes) => bytes.fill(1) } });
  const description = stack.describe();
  process.stdout.write(values.graph ? description.toMermaid() : description.toString());
  return 0;
}
