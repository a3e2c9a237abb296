import { checkImports } from '@protoloom/check';
import { expect } from 'chai';
import { type Files, found } from './checkout.js';

const findings = (files: Files): Promise<string[]> => found((_root, packages) => checkImports(packages), files);

describe('the import law', () => {
  const browser = 'it runs in a browser, with time and chance as arguments';
  const broken: readonly (readonly [title: string, file: string, source: string, message: string])[] = [
    [
      'wire imports nothing',
      'core/wire/src/a.ts',
      "\nimport { x } from '@protoloom/contracts';",
      'core/wire/src/a.ts:2 import law: core/wire may not import core/contracts; of the workspace it may import nothing',
    ],
    [
      'contracts import types of wire alone',
      'core/contracts/src/a.ts',
      "import { type A, sum } from '@protoloom/wire';",
      'core/contracts/src/a.ts:1 import law: core/contracts may not import core/wire; of the workspace it may import types of core/wire',
    ],
    [
      'mechanisms import wire and contracts',
      'core/mechanisms/src/a.ts',
      "import { x } from '@protoloom/stack';",
      'core/mechanisms/src/a.ts:1 import law: core/mechanisms may not import core/stack; of the workspace it may import core/wire, core/contracts',
    ],
    [
      'a plugin imports no other plugin, not even its types',
      'plugins/udp/src/deep/a.ts',
      "// one\n\nexport type { X } from '@protoloom/tcp';",
      'plugins/udp/src/deep/a.ts:3 import law: plugins/udp may not import plugins/tcp; of the workspace it may import core/wire, core/contracts, core/mechanisms',
    ],
    [
      'a plugin does not import the stack',
      'plugins/udp/src/a.ts',
      "import '@protoloom/stack';",
      'plugins/udp/src/a.ts:1 import law: plugins/udp may not import core/stack; of the workspace it may import core/wire, core/contracts, core/mechanisms',
    ],
    [
      'the stack imports no plugin',
      'core/stack/src/a.ts',
      "import { udp } from '@protoloom/udp';",
      'core/stack/src/a.ts:1 import law: core/stack may not import plugins/udp; of the workspace it may import core/wire, core/contracts, core/mechanisms',
    ],
    [
      'hosts do not import tools',
      'hosts/node/src/a.ts',
      "import { up } from '@protoloom/cli';",
      'hosts/node/src/a.ts:1 import law: hosts/node may not import tools/cli; of the workspace it may import core/, plugins/, hosts/',
    ],
    [
      'nor does spec',
      'spec/frames/src/a.ts',
      "import { up } from '@protoloom/cli';",
      'spec/frames/src/a.ts:1 import law: spec/frames may not import tools/cli; of the workspace it may import core/, plugins/, hosts/, spec/',
    ],
    [
      'inversify is for the stack',
      'plugins/udp/src/a.ts',
      "import {\n  Container,\n} from 'inversify';",
      'plugins/udp/src/a.ts:3 import law: plugins/udp may not import inversify; of the registry it may import nothing',
    ],
    [
      'hosts have no container either',
      'hosts/node/src/a.ts',
      "import 'reflect-metadata';",
      'hosts/node/src/a.ts:1 import law: hosts/node may not import reflect-metadata; of the registry it may import nothing',
    ],
    [
      'node:* is for hosts and tools',
      'plugins/udp/src/a.ts',
      "import fs from 'node:fs';",
      'plugins/udp/src/a.ts:1 import law: plugins/udp may not import node:fs: it runs in a browser; node:* is for hosts/ and tools/',
    ],
    [
      'import() is an import',
      'core/mechanisms/src/a.ts',
      "const x = await import('node:fs');",
      'core/mechanisms/src/a.ts:1 import law: core/mechanisms may not import node:fs: it runs in a browser; node:* is for hosts/ and tools/',
    ],
    [
      'import() in a template is one too',
      'core/mechanisms/src/a.ts',
      `const x = \`one\n\${await import('@protoloom/udp')}\`;`,
      'core/mechanisms/src/a.ts:2 import law: core/mechanisms may not import plugins/udp; of the workspace it may import core/wire, core/contracts',
    ],
    [
      'import() of an expression hides what is imported',
      'plugins/udp/src/a.ts',
      'const x = await import(name);',
      'plugins/udp/src/a.ts:1 import law: import() of an expression hides what is imported',
    ],
    [
      'deep imports are refused',
      'plugins/udp/src/a.ts',
      "import { x } from '@protoloom/contracts/src/secret.js';",
      'plugins/udp/src/a.ts:1 import law: @protoloom/contracts/src/secret.js is no entry point of @protoloom/contracts',
    ],
    [
      'relative imports stay in the package',
      'plugins/udp/src/a.ts',
      "import { x } from '../../tcp/src/b.js';",
      'plugins/udp/src/a.ts:1 import law: ../../tcp/src/b.js leaves plugins/udp/src: import a package by its name',
    ],
    [
      'time is an argument',
      'plugins/udp/src/a.ts',
      'const at = Date.now();',
      `plugins/udp/src/a.ts:1 import law: plugins/udp may not use Date: ${browser}`,
    ],
    [
      'chance is an argument',
      'core/stack/src/a.ts',
      'const x = Math.max(1, 2);\nconst y = Math.random();',
      `core/stack/src/a.ts:2 import law: core/stack may not use Math.random: ${browser}`,
    ],
    [
      'a global that is passed on is used',
      'core/stack/src/a.ts',
      'later(setTimeout);',
      `core/stack/src/a.ts:1 import law: core/stack may not use setTimeout: ${browser}`,
    ],
    [
      'and so is one in a template',
      'core/wire/src/a.ts',
      `\`\${{ a: \`\${process.pid}\` }.a}\`;`,
      `core/wire/src/a.ts:1 import law: core/wire may not use process: ${browser}`,
    ],
    [
      'and one that hides',
      'core/wire/src/a.ts',
      "globalThis['Date'].now();",
      `core/wire/src/a.ts:1 import law: core/wire may not use globalThis: ${browser}`,
    ],
    [
      'a Buffer is a type too',
      'spec/frames/src/a.ts',
      'let x: Buffer | undefined;',
      `spec/frames/src/a.ts:1 import law: spec/frames may not use Buffer: ${browser}`,
    ],
  ];
  for (const [title, file, source, message] of broken)
    it(title, async () => expect(await findings({ [file]: source })).to.deep.equal([message]));

  it('lets through what it allows', async () => {
    expect(
      await findings({
        'core/contracts/src/a.ts': "import type { X } from '@protoloom/wire';\nimport { type Y, type Z } from '@protoloom/wire';",
        'core/mechanisms/src/a.ts': "import { sum } from '@protoloom/wire';\nimport '@protoloom/contracts/ip';",
        'core/stack/src/a.ts': "import { Container } from 'inversify';\nimport 'reflect-metadata';\nimport semver from 'semver';",
        'plugins/udp/src/a.ts': "import * as wire from './wire.js';\nimport { x } from './deep/b.js';\nimport '@protoloom/mechanisms';",
        'plugins/udp/src/deep/b.ts': "import { y } from '../wire.js';\nexport { z } from '@protoloom/contracts/ip';",
        'hosts/node/src/a.ts': "import fs from 'node:fs';\nimport '@protoloom/udp';\nsetTimeout(() => Date.now());",
        'spec/frames/src/a.ts': "import { assemble } from '@protoloom/stack';\nimport '@protoloom/node';",
        'tools/cli/src/a.ts': "import '@protoloom/frames';\nprocess.exit();",
      }),
    ).to.deep.equal([]);
  });

  it('knows what only looks like an import or a global', async () => {
    expect(
      await findings({
        'plugins/udp/src/a.ts': [
          "// import x from 'inversify'",
          "/* import 'node:fs';\n   Date.now() */",
          `const text = \`\nimport y from 'inversify';\n\${text} Date.now()\`;`,
          "const quote = /['\"`]/.test(text) ? \"import 'node:fs'\" : 'Date';",
          'const half = total / 2, other = total / 4;',
          'this.process(); event.console.log; packet?.performance;',
          'const record = { process: 1, Date: 2 };',
          'interface Both { readonly console: Log; performance?: number }',
          'function run(process: Process): void { process.step(); }',
          'export const from = 1;\nexport { from };',
        ].join('\n'),
        'plugins/udp/src/b.ts': "import { performance } from './c.js';\nperformance.now();",
      }),
    ).to.deep.equal([]);
  });
});
