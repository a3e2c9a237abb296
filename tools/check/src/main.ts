// Structure checks: prints what is wrong, a line each, and fails where anything is.
import { checkClauses } from './clauses.js';
import { checkContents } from './contents.js';
import { checkDeclared, checkLock, checkRanges, checkReferences } from './dependencies.js';
import { checkImports } from './imports.js';
import { checkManifests } from './manifests.js';
import { format, readWorkspace } from './workspace.js';

/** @param root of the checkout. */
export async function main(root: string = process.cwd()): Promise<void> {
  const packages = readWorkspace(root);
  if (packages.length === 0) {
    process.stderr.write(`${root} is no checkout: run this in the folder that has core/ and plugins/\n`);
    process.exitCode = 2;
    return;
  }
  const findings = [
    ...checkImports(packages),
    ...checkDeclared(packages),
    ...checkReferences(root, packages),
    ...checkRanges(root, packages),
    ...checkLock(root),
    ...checkContents(root, packages),
    ...checkClauses(root, packages),
    ...(await checkManifests(root, packages)),
  ];
  for (const finding of findings) process.stdout.write(`${format(finding)}\n`);
  const warnings = findings.filter(({ warning }) => warning).length;
  process.stdout.write(`${packages.length} packages: ${findings.length - warnings} findings, ${warnings} warnings\n`);
  process.exitCode = findings.length > warnings ? 1 : 0;
}
