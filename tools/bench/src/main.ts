// npm run bench: figures of a host beside the device's limit, the kernel and others, in one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { runHost } from './contenders/host.js';
import { runLimit } from './contenders/limit.js';
import { runNode } from './contenders/node.js';
import { main as impaired } from './impaired/main.js';
import { type Contender, MEASURES, type Measure, type Mode } from './measures.js';
import { report } from './report.js';
import { compilePeer, HOST, KERNEL, PORT, run } from './run.js';
import { Topology } from './topology.js';

const HELP = `usage: npm run bench -- [OPTION]...
       npm run bench -- impaired [OPTION]...   over a wire that loses, reorders and duplicates; --help says more

The kernel's sockets (CUBIC) with a host on a TAP device: throughput, rates, memory. Beside it the limit (the same device without a stack), the
kernel itself over veth, and Node's servers on the kernel's sockets. Runs are interleaved; a figure is their median, a ratio that of pairs of
runs, each with the interval that holds it with 95 % (fewer than six runs: less, as is said).

  --quick        short runs, and few of them
  --runs N       of each, default 7 (quick: 3)
  --only TEXT    measures whose names contain it; may be repeated
  --list         names them
  --json FILE    also writes every run as JSON
`;

/** What was measured of one contender, run by run; an error in place of figures. */
export interface Result {
  readonly measure: Measure;
  readonly contender: Contender;
  readonly values: number[];
  failed?: string;
}

/** On a terminal, in place; elsewhere nothing, since the table follows. */
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};

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
      list: { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  }).values;

export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'impaired') return impaired(argv.slice(1));
  if (argv[0] === '--serve') return serve(argv.slice(1));
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
  const measures = MEASURES.filter(({ name }) => only.some((text) => name.includes(text)));
  if (values.list) {
    for (const { name, contenders } of measures) process.stdout.write(`${name}: ${contenders.join(', ')}\n`);
    return;
  }
  const runs = values.runs === undefined ? (values.quick ? 3 : 7) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) return refuse(`--runs ${values.runs}: a whole number from 1 on`);
  if (measures.length === 0) return refuse(`--only ${only.join(' ')}: no measure is called so; --list names them`);
  if (process.getuid?.() !== 0) return refuse('it makes network namespaces: run it as root');
  compilePeer();
  Topology.removeOnSignals(() => progress(''));
  const results = await measured(measures, runs, values.quick ? 500 : 2000);
  progress('');
  process.stdout.write(report(results));
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    const told = results.map(({ measure: { name, unit }, ...result }) => ({ name, unit, ...result }));
    writeFileSync(values.json, `${JSON.stringify(told, null, 2)}\n`);
  }
}

/** Each contender once, then again: what the machine does meanwhile meets them all. */
async function measured(measures: readonly Measure[], runs: number, ms: number): Promise<readonly Result[]> {
  const results: readonly Result[] = measures.flatMap((measure) =>
    measure.contenders.map((contender) => ({ measure, contender, values: [] })),
  );
  for (let i = 0; i < runs; i++) {
    for (const [index, result] of results.entries()) {
      const { measure, contender, values } = result;
      if (result.failed !== undefined) continue;
      progress(`run ${i + 1} of ${runs}, ${index + 1} of ${results.length}: ${measure.name}: ${contender}`);
      try {
        values.push(await run(measure, contender, ms));
      } catch (error) {
        result.failed = (error as Error).message.split('\n')[0] as string;
      }
    }
  }
  return results;
}

/** Within a namespace: a contender, until it is killed. */
async function serve([contender, mode, offload]: readonly string[]): Promise<void> {
  // An end that Node sees, so that its profiles are written: NODE_OPTIONS=--cpu-prof.
  process.once('SIGINT', () => process.exit(0));
  if (contender === 'limit') runLimit('bench0', `${KERNEL}/24`, mode as Mode, offload === 'offload');
  else if (contender === 'protoloom') await runHost('bench0', `${KERNEL}/24`, `${HOST}/24`, PORT, mode as Mode, offload === 'offload');
  else runNode(contender === 'node-net' ? 'net' : 'http', HOST, PORT);
}
