// @protoloom/check: the structure of a checkout: the import law, ranges, what every package has.
export { checkDeclared, checkImports } from './imports.js';
export { checkContents, checkManifests, checkRanges } from './packages.js';
export { importsOf, stripped, usesOf } from './source.js';
export { VERSION } from './version.js';
export { type Finding, format, type Package, readWorkspace } from './workspace.js';
