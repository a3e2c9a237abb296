// Structure checks: prints what is wrong, a line each, and fails where anything is.
import { checkDeclared, checkImports } from './imports.js';
import { checkContents, checkManifests, checkRanges } from './packages.js';
import { format, readWorkspace } from './workspace.js';

export async function main(root = process.cwd()): Promise<void> {
  const packages = readWorkspace(root);
  const findings = [
    ...checkImports(root, packages),
    ...checkDeclared(root, packages),
    ...checkRanges(root, packages),
    ...checkContents(root, packages),
    ...(await checkManifests(root, packages)),
  ];
  for (const finding of findings) process.stdout.write(`${format(finding)}\n`);
  process.stdout.write(`${packages.length} packages, ${findings.length} findings\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
