// npm run bench: figures of a host beside the device's limit, the kernel and others, in one run.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { inlineMore } from '@protoloom/node';
import { bars } from './bars.js';
import { DEVICE, HOST, PORT, TAP_ADDRESSES } from './bench-topology.js';
import { CONTENDERS, type ContenderName, type Setting } from './contenders/contender.js';
import { MEASURES, type Measure, named } from './measures.js';
import { compilePeer } from './peers.js';
import { Progress } from './progress.js';
import { report } from './report.js';
import { resultsAsJson } from './results.js';
import { type Extent, measureAll, type Result } from './suite.js';
import { Topology } from './topology.js';

const HELP = `usage: npm run bench -- [OPTION]...
       npm run bench -- growth [OPTION]...     the time for a packet, with more and more connections, routes, neighbours, timers
       npm run bench -- profile [OPTION]...    what a packet costs in each layer, and what it allocates
       npm run bench -- soak [OPTION]...       one host for minutes: nothing gets slower, or larger, with age
       npm run bench -- impaired [OPTION]...   over a wire that loses, reorders and duplicates
       npm run bench -- document [PART]...     all of it in full, into docs/performance.md
Each says more with --help.

The kernel's sockets (CUBIC) with a host on a TAP device: throughput, rates, memory, processor time. Beside it the limit (the same device without a
stack), the kernel itself over veth, Node's servers on the kernel's sockets, and other stacks, which are compiled on demand; who cannot be had
here is skipped, with the reason. Runs are interleaved; a figure is their median, a ratio that of pairs of runs.

  --quick        a choice of measures and short runs: two minutes
  --runs N       of each, default 6 (quick: 3)
  --only TEXT    the measure of that name, else those whose names contain it; may be repeated
  --contender NAME   only these and protoloom; may be repeated
  --list         names the measures, and who takes part
  --json FILE    also writes every run as JSON
  --plot FILE    also draws the medians, as SVG
`;

const FULL: Extent = { warmMs: 3000, compileMs: 10_000, runs: 6, parts: 4, ms: 400, runsOfProcess: 3, budgetMs: Number.POSITIVE_INFINITY };
const QUICK: Extent = { warmMs: 600, compileMs: 700, runs: 3, parts: 1, ms: 400, runsOfProcess: 3, budgetMs: 112_000 };

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
      plot: { type: 'string' },
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

/** What follows `npm run bench --`, where it is no option. Each loads what it needs, and the stack only where it runs. */
const COMMANDS: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  impaired: async (argv) => (await import('./impaired/main.js')).main(argv),
  growth: async (argv) => (await import('./growth/main.js')).main(argv),
  profile: async (argv) => (await import('./profile/main.js')).main(argv, obstacle()),
  soak: async (argv) => (await import('./soak.js')).main(argv, obstacle()),
  document: async (argv) => (await import('./document.js')).main(argv, obstacle(), (measures) => measured(measures, CONTENDERS, FULL)),
  '--serve': ([setting = '']) => serve(JSON.parse(setting)),
};

export async function main(argv: readonly string[]): Promise<void> {
  const [first = '', ...rest] = argv;
  const command = COMMANDS[first];
  try {
    await (command === undefined ? compare(argv) : command(rest));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    refuse(message);
  }
}

async function compare(argv: readonly string[]): Promise<void> {
  const values = parse(argv);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const only = values.only ?? [''];
  const measures = named(
    values.quick
      ? MEASURES.filter(({ quick }) => quick.length > 0).map((measure) => ({ ...measure, contenders: measure.quick }))
      : MEASURES,
    only,
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
  const contenders = CONTENDERS.filter((name) => name === 'protoloom' || values.contender?.includes(name) !== false);
  const results = await measured(measures, contenders, { ...usual, runs });
  process.stdout.write(report(results));
  if (values.json !== undefined) written(values.json, resultsAsJson(results));
  if (values.plot !== undefined) written(values.plot, bars(results));
}

function written(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function measured(measures: readonly Measure[], contenders: readonly ContenderName[], extent: Extent): Promise<readonly Result[]> {
  const progress = new Progress();
  Topology.removeOnSignals(() => progress.end());
  compilePeer();
  const results = await measureAll(measures, contenders, extent, (text) => progress.tell(text));
  progress.end();
  return results;
}

/** Within a namespace: a contender, until it is killed. */
async function serve(setting: Setting): Promise<void> {
  // An end that Node sees, so that its profiles are written: NODE_OPTIONS=--cpu-prof.
  process.once('SIGINT', () => process.exit(0));
  // As `protoloom up` does; the limit as well. Node's own servers are as users start them.
  if (setting.contender === 'limit' || setting.contender === 'protoloom') inlineMore();
  switch (setting.contender) {
    case 'limit':
      return (await import('./contenders/limit.js')).runLimit(DEVICE, TAP_ADDRESSES.kernel[0], setting);
    case 'protoloom':
      return (await import('./contenders/host.js')).runHost(DEVICE, TAP_ADDRESSES, PORT, setting);
    default:
      return (await import('./contenders/node.js')).runNode(setting.contender === 'node-net' ? 'net' : 'http', HOST, PORT);
  }
}
