// npm run bench: figures of a host beside the device's limit, the kernel and others, in one run.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { DEVICE, HOST, PORT, TAP_ADDRESSES } from './bench-topology.js';
import { CONTENDERS, type Setting } from './contenders/contender.js';
import { runHost } from './contenders/host.js';
import { runLimit } from './contenders/limit.js';
import { runNode } from './contenders/node.js';
import { main as impaired } from './impaired/main.js';
import { MEASURES } from './measures.js';
import { compilePeer } from './peers.js';
import { Progress } from './progress.js';
import { report } from './report.js';
import { resultsAsJson } from './results.js';
import { type Extent, measureAll } from './suite.js';
import { Topology } from './topology.js';

const HELP = `usage: npm run bench -- [OPTION]...
       npm run bench -- impaired [OPTION]...   over a wire that loses, reorders and duplicates; --help says more

The kernel's sockets (CUBIC) with a host on a TAP device: throughput, rates, memory, processor time. Beside it the limit (the same device without a
stack), the kernel itself over veth, Node's servers on the kernel's sockets, and other stacks, which are compiled on demand; who cannot be had
here is skipped, with the reason. Runs are interleaved; a figure is their median, a ratio that of pairs of runs.

  --quick        a choice of measures and short runs: two minutes
  --runs N       of each, default 7 (quick: 3)
  --only TEXT    measures whose names contain it; may be repeated
  --contender NAME   only these and protoloom; may be repeated
  --list         names the measures, and who takes part
  --json FILE    also writes every run as JSON
`;

const FULL: Extent = { warmMs: 1500, ms: 2000, runs: 7, budgetMs: Number.POSITIVE_INFINITY };
const QUICK: Extent = { warmMs: 1000, ms: 500, runs: 3, budgetMs: 112_000 };

function refuse(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
  process.exitCode = 2;
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean' },
      runs: { type: 'string' },
      only: { type: 'string', multiple: true },
      contender: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  }).values;

/** What keeps a measurement from being made here; undefined: nothing does. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'it makes network namespaces: run it as root';
  if (!existsSync('/dev/net/tun'))
    return 'there is no /dev/net/tun: load the module tun (`modprobe tun`), or give the container the device';
  return undefined;
}

export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'impaired') return impaired(argv.slice(1));
  if (argv[0] === '--serve') return serve(JSON.parse(argv[1] as string));
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const only = values.only ?? [''];
  const measures = MEASURES.map((measure) => (values.quick ? { ...measure, contenders: measure.quick } : measure)).filter(
    ({ name, contenders }) => contenders.length > 0 && only.some((text) => name.includes(text)),
  );
  if (values.list) {
    for (const { name, contenders } of measures) process.stdout.write(`${name}: ${contenders.join(', ')}\n`);
    return;
  }
  const usual = values.quick ? QUICK : FULL;
  const runs = values.runs === undefined ? usual.runs : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) return refuse(`--runs ${values.runs}: a whole number from 1 on`);
  if (measures.length === 0) return refuse(`--only ${only.join(' ')}: no measure is called so; --list names them`);
  const unknown = values.contender?.find((name) => !CONTENDERS.some((known) => known === name));
  if (unknown !== undefined) return refuse(`--contender ${unknown}: there are ${CONTENDERS.join(', ')}`);
  const reason = obstacle();
  if (reason !== undefined) return refuse(reason);
  const progress = new Progress();
  Topology.removeOnSignals(() => progress.end());
  compilePeer();
  const contenders = CONTENDERS.filter((name) => name === 'protoloom' || values.contender?.includes(name) !== false);
  const results = await measureAll(measures, contenders, { ...usual, runs }, (text) => progress.tell(text));
  progress.end();
  process.stdout.write(report(results));
  if (values.json === undefined) return;
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, resultsAsJson(results));
}

/** Within a namespace: a contender, until it is killed. */
async function serve(setting: Setting): Promise<void> {
  // An end that Node sees, so that its profiles are written: NODE_OPTIONS=--cpu-prof.
  process.once('SIGINT', () => process.exit(0));
  if (setting.contender === 'limit') runLimit(DEVICE, TAP_ADDRESSES.kernel[0], setting);
  else if (setting.contender === 'protoloom') await runHost(DEVICE, TAP_ADDRESSES, PORT, setting);
  else runNode(setting.contender === 'node-net' ? 'net' : 'http', HOST, PORT);
}
