import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkDeclared, checkImports, checkRanges, format, importsOf, readWorkspace } from '@protoloom/check';
import { expect } from 'chai';

/** A checkout with these files and nothing else. */
function checkout(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'protoloom-check-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const manifest = (name: string, more: object = {}): string =>
  JSON.stringify({ name: `@protoloom/${name}`, version: '1.0.0', exports: { '.': {}, './ip': {} }, ...more });
const base = {
  'core/wire/package.json': manifest('wire'),
  'core/contracts/package.json': manifest('contracts'),
  'core/mechanisms/package.json': manifest('mechanisms'),
  'core/stack/package.json': manifest('stack'),
  'plugins/udp/package.json': manifest('udp'),
  'plugins/tcp/package.json': manifest('tcp'),
  'hosts/node/package.json': manifest('node'),
};

function importFindings(files: Readonly<Record<string, string>>): string[] {
  const root = checkout({ ...base, ...files });
  try {
    return checkImports(root, readWorkspace(root)).map(format);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('the import law', () => {
  const broken: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'wire imports nothing',
      'core/wire/src/a.ts',
      "\nimport { x } from '@protoloom/contracts';",
      /^core\/wire\/src\/a\.ts:2 import law: core\/wire may not import core\/contracts/,
    ],
    [
      'contracts take types of wire alone',
      'core/contracts/src/a.ts',
      "import { sum } from '@protoloom/wire';",
      /core\/contracts\/src\/a\.ts:1 .*types of core\/wire/,
    ],
    [
      'a plugin imports no other plugin',
      'plugins/udp/src/a.ts',
      "// one\n\nexport { x } from '@protoloom/tcp';",
      /plugins\/udp\/src\/a\.ts:3 .*may not import plugins\/tcp/,
    ],
    ['nor the stack', 'plugins/udp/src/a.ts', "import '@protoloom/stack';", /may not import core\/stack/],
    ['only the stack has inversify', 'plugins/udp/src/a.ts', "import { Container } from 'inversify';", /may not import inversify/],
    ['node:* is for hosts', 'plugins/udp/src/a.ts', "import fs from 'node:fs';", /runs in a browser/],
    ['and so is import()', 'core/mechanisms/src/a.ts', "const x = await import('node:fs');", /runs in a browser/],
    ['time is an argument', 'plugins/udp/src/a.ts', 'const at = Date.now();', /Date: plugins\/udp runs in a browser/],
    ['chance is an argument', 'core/stack/src/a.ts', 'const x = 1;\nconst y = Math.random();', /a\.ts:2 import law: Math\.random/],
    ['deep imports are refused', 'plugins/udp/src/a.ts', "import { x } from '@protoloom/contracts/src/secret';", /is no entry point/],
    ['relative imports stay in the package', 'plugins/udp/src/a.ts', "import { x } from '../../tcp/src/b.js';", /leaves plugins\/udp/],
  ];
  for (const [title, file, source, message] of broken) {
    it(title, () => {
      const findings = importFindings({ [file]: source });
      expect(findings).to.have.length(1);
      expect(findings[0]).to.match(message);
    });
  }

  it('lets through what it allows, and what only looks like an import', () => {
    expect(
      importFindings({
        'core/contracts/src/a.ts': "import type { X } from '@protoloom/wire';\nimport { type Y } from '@protoloom/wire';",
        'plugins/udp/src/a.ts':
          "import { a } from '@protoloom/contracts/ip';\nimport { b } from './b.js';\n// import x from 'inversify'\nconst text = `import y from 'inversify'; Date.now()`;\nthis.process(); const updated = 1;",
        'hosts/node/src/a.ts': "import fs from 'node:fs';\nimport '@protoloom/udp';\nDate.now();",
        'core/stack/src/a.ts': "import { Container } from 'inversify';",
      }),
    ).to.deep.equal([]);
  });

  it('reads imports over several lines, with the line on which they end', () => {
    expect(importsOf("import {\n  a,\n  b,\n} from 'x';\nexport * from 'y';")).to.deep.equal([
      { specifier: 'x', line: 4, typeOnly: false },
      { specifier: 'y', line: 5, typeOnly: false },
    ]);
  });
});

describe('declarations and ranges', () => {
  it('names what is imported and not declared, declared and not imported, not pinned, and out of range', () => {
    const root = checkout({
      ...base,
      'plugins/udp/package.json': manifest('udp', {
        dependencies: { '@protoloom/mechanisms': '^1.0.0', semver: '^7.0.0' },
        peerDependencies: { '@protoloom/contracts': '^2.0.0' },
      }),
      'plugins/udp/src/a.ts': "import '@protoloom/wire';\nimport '@protoloom/contracts';",
    });
    try {
      const packages = readWorkspace(root);
      const findings = [...checkDeclared(root, packages), ...checkRanges(root, packages)].map(({ rule, detail }) => `${rule} ${detail}`);
      expect(findings).to.deep.equal([
        'declared src imports @protoloom/wire, which is in neither dependencies nor peerDependencies',
        'declared @protoloom/mechanisms is declared and nothing in src imports it',
        'declared semver is declared and nothing in src imports it',
        'pinned semver is ^7.0.0: dependencies from the registry are pinned exactly',
        'range peerDependencies has @protoloom/contracts ^2.0.0; the workspace is at 1.0.0',
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
