// docs/conformance.md: the tables of clauses of all plugins on one page, between two markers.
export const START = '<!-- clauses:start -->';
export const END = '<!-- clauses:end -->';

export interface Readme {
  /** Of the plugin, below `plugins/`. */
  readonly folder: string;
  readonly text: string;
}

/** The tables of clauses of a README, as they stand there. */
const tablesOf = (text: string): string[] => text.match(/^\| clause \|.*\n(?:\|.*\n)+/gm) ?? [];

/** The page with the tables as the READMEs have them; undefined where it has no markers. */
export function withClauses(page: string, readmes: readonly Readme[]): string | undefined {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) return undefined;
  const parts = readmes.flatMap(({ folder, text }) => {
    const tables = tablesOf(text);
    return tables.length === 0 ? [] : [`## [${folder}](../plugins/${folder}/README.md)`, ...tables.map((table) => table.trim())];
  });
  return `${page.slice(0, start + START.length)}\n\n${parts.join('\n\n')}\n\n${page.slice(end)}`;
}
