// npm run bench -- document: measures everything, and writes it into docs/performance.md, between the marks that are there, and docs/plots.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bars } from './bars.js';
import { document as growth } from './growth/main.js';
import { MEASURES, type Measure, named } from './measures.js';
import { document as profile } from './profile/main.js';
import { report } from './report.js';
import { machine, resultsAsJson, withEarlier } from './results.js';
import { document as soak } from './soak.js';
import type { Result } from './suite.js';
import { root } from './topology.js';

const HELP = `usage: npm run bench -- document [PART]...

Measures in full, and writes docs/performance.md's tables and docs/plots/: figures (beside everyone), profile (by layer), growth, soak. All of them where
none is named, which takes about an hour. The machine has to be quiet meanwhile.

  --only TEXT    of the figures those measures whose names contain it; the others stay as they were measured here last. May be repeated
`;

/** Every run of the figures, as they were measured here last. */
const FIGURES = join(root, 'build', 'figures.json');
const DOCUMENT = join(dirname(dirname(root)), 'docs', 'performance.md');

/** The text between the marks of a part is replaced. @throws where the marks are not there. */
export function replaced(text: string, part: string, by: string): string {
  const [start, end] = [`<!-- bench:${part}:start -->`, `<!-- bench:${part}:end -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no marks ${start} and ${end}`);
  return `${text.slice(0, from + start.length)}\n\n${by.trim()}\n\n${text.slice(to)}`;
}

/** @param figures measures everyone. */
export async function main(
  argv: readonly string[],
  obstacle: string | undefined,
  figures: (measures: readonly Measure[]) => Promise<readonly Result[]>,
): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const docs = dirname(DOCUMENT);
  const measures = named(MEASURES, values.only ?? ['']);
  const parts: Readonly<Record<string, () => Promise<string>>> = {
    async figures() {
      const anew = await figures(measures);
      const results = values.only === undefined ? anew : withEarlier(readFileSync(FIGURES, 'utf8'), anew);
      mkdirSync(join(docs, 'plots'), { recursive: true });
      writeFileSync(join(docs, 'plots', 'bench.svg'), bars(results));
      writeFileSync(FIGURES, resultsAsJson(results));
      return `${report(results)}\n![everyone beside everyone](plots/bench.svg)\n`;
    },
    profile,
    growth: () => growth(docs),
    soak,
  };
  const unknown = positionals.find((name) => !(name in parts));
  const mistakes: readonly (string | undefined)[] = [
    unknown === undefined ? undefined : `document ${unknown}: there are ${Object.keys(parts).join(', ')}`,
    measures.length === 0 ? `--only ${values.only?.join(' ')}: no measure is called so; --list names them` : undefined,
    values.only !== undefined && !existsSync(FIGURES) ? '--only: nothing was measured here before' : undefined,
    obstacle,
  ];
  const reason = mistakes.find((mistake) => mistake !== undefined);
  if (reason !== undefined) {
    process.stderr.write(`bench: ${reason}\n`);
    process.exitCode = 2;
    return;
  }
  for (const [name, measure] of Object.entries(parts)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const { processor, cores, kernel, node } = machine();
    const where = `On ${processor}, ${cores} processors; Linux ${kernel}, Node ${node}.`;
    const text = await measure();
    writeFileSync(DOCUMENT, replaced(readFileSync(DOCUMENT, 'utf8'), name, `${where}\n\n${text}`));
    process.stdout.write(`written: ${name}\n`);
  }
}
