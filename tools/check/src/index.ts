// @protoloom/check: the structure of a checkout: the import law, ranges, what every package has.
export { checkClauses, clauseRows } from './clauses.js';
export { checkContents } from './contents.js';
export { checkDeclared, checkLock, checkRanges, checkReferences } from './dependencies.js';
export { checkImports } from './imports.js';
export { checkManifests } from './manifests.js';
export { type Import, readSource, type Source, type Token, tokensOf, usesOf } from './source.js';
export { VERSION } from './version.js';
export { type File, type Finding, format, type Package, readWorkspace } from './workspace.js';
