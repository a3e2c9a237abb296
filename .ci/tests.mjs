// What mocha's JSON report says: failures and skipped tests for people on stdout, the three numbers in a file.
import { readFileSync, writeFileSync } from 'node:fs';

const [report = '', counts = ''] = process.argv.slice(2);
const { stats, failures, pending } = JSON.parse(readFileSync(report, 'utf8'));
const indented = (text) => text.replace(/^/gm, '        ');
for (const { fullTitle, err } of failures)
  console.log(`FAILED  ${fullTitle}\n${indented((err.stack ?? err.message ?? '').slice(0, 2000))}`);
for (const { fullTitle } of pending.slice(0, 40)) console.log(`skipped ${fullTitle}`);
if (pending.length > 40) console.log(`skipped ${pending.length - 40} more`);
writeFileSync(counts, `${stats.passes} ${stats.failures} ${stats.pending}\n`);
