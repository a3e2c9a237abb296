import { checkClauses, checkContents, checkDeclared, checkLock, checkManifests, checkRanges, checkReferences } from '@protoloom/check';
import { expect } from 'chai';
import { attaching, found, owning, packageJson, plugin, providing, using } from './checkout.js';

describe('a sound checkout', () => {
  it('has no findings', async () => {
    for (const check of [checkReferences, checkRanges, checkLock, checkContents, checkClauses, checkManifests])
      expect(await found(check), check.name).to.deep.equal([]);
  });
});

describe('tables of clauses', () => {
  it('name tests that are there', async () => {
    const readme = [
      '| clause | input | test |',
      '| --- | --- | --- |',
      '| RFC 1 | a | `is dropped`, `is lost` |',
      '| RFC 1 | b |  |',
      '',
      '| name | `no test` |',
    ];
    expect(
      await found(checkClauses, {
        'plugins/udp/README.md': readme.join('\n'),
        'plugins/udp/test/a.test.ts': "it('what is wrong is dropped', () => {});",
      }),
    ).to.deep.equal([
      'plugins/udp/README.md:3 clauses: no test of plugins/udp has `is lost` in its title',
      'plugins/udp/README.md:4 clauses: names no test',
    ]);
  });
});

describe('declarations', () => {
  const declared = (more: object, source: string) =>
    found((_root, packages) => checkDeclared(packages.filter(({ path }) => path === 'plugins/udp')), {
      'plugins/udp/package.json': packageJson('plugins/udp', more),
      'plugins/udp/src/a.ts': source,
    });

  it('names what is imported and not declared, and what is declared and not imported', async () => {
    expect(
      await declared(
        { dependencies: { '@protoloom/mechanisms': '^1.0.0' }, peerDependencies: { '@protoloom/contracts': '^1.0.0' } },
        "import '@protoloom/wire';\nimport '@protoloom/contracts/ip';",
      ),
    ).to.deep.equal([
      'plugins/udp/package.json declared: src imports @protoloom/wire, which is in neither dependencies nor peerDependencies',
      'plugins/udp/package.json declared: @protoloom/mechanisms is declared and nothing in src imports it',
    ]);
  });

  it('does not take a development dependency for a declaration', async () => {
    expect(await declared({ devDependencies: { '@protoloom/wire': '^1.0.0' } }, "import '@protoloom/wire';")).to.have.length(1);
  });

  it('wants references to what src and test import', async () => {
    expect(
      await found(checkReferences, {
        'plugins/udp/src/a.ts': "import '@protoloom/wire';\nimport '@protoloom/contracts';",
        'plugins/udp/tsconfig.json': '{ "references": [{ "path": "../../core/wire" }] }',
        'plugins/udp/test/a.test.ts': "import '@protoloom/udp';\nimport '@protoloom/stack';",
        'plugins/udp/test/tsconfig.json': '{ "references": [{ "path": ".." }] }',
      }),
    ).to.deep.equal([
      'plugins/udp/tsconfig.json references: imports core/contracts, which is not in its references',
      'plugins/udp/test/tsconfig.json references: imports core/stack, which is not in its references',
    ]);
  });
});

describe('ranges', () => {
  it('of our own packages admit the version of the workspace, in every section', async () => {
    expect(
      await found(checkRanges, {
        'core/contracts/package.json': packageJson('core/contracts', { version: '1.2.0' }),
        'plugins/udp/package.json': packageJson('plugins/udp', {
          dependencies: { '@protoloom/wire': '^2.0.0' },
          devDependencies: { '@protoloom/stack': '1.0.0' },
          peerDependencies: { '@protoloom/contracts': '~1.1.0' },
        }),
      }),
    ).to.deep.equal([
      'plugins/udp/package.json range: dependencies has @protoloom/wire ^2.0.0; the workspace is at 1.0.0',
      'plugins/udp/package.json range: peerDependencies has @protoloom/contracts ~1.1.0; the workspace is at 1.2.0',
    ]);
  });

  it('of what comes from the registry are pinned exactly, at the root as well', async () => {
    expect(
      await found(checkRanges, {
        'package.json': JSON.stringify({ devDependencies: { mocha: '^12.0.0', chai: '6.3.0' } }),
        'core/stack/package.json': packageJson('core/stack', { dependencies: { semver: 'latest', inversify: '8.2.3' } }),
      }),
    ).to.deep.equal([
      'package.json pinned: devDependencies has mocha ^12.0.0: what comes from the registry is pinned exactly',
      'core/stack/package.json pinned: dependencies has semver latest: what comes from the registry is pinned exactly',
    ]);
  });
});

describe('the lock file', () => {
  it('names no registry and no place of one machine', async () => {
    const detail = 'lock: names a registry, or a place of one machine: lock with `npm install --omit-lockfile-registry-resolved`';
    expect(
      await found(checkLock, {
        'package-lock.json': [
          '"resolved": "plugins/udp",',
          '"resolved": "https://registry.example.org/a.tgz",',
          '"resolved": "/home/me/a",',
          '"resolved": "file:../a",',
          '"funding": { "url": "https://example.org" },',
        ].join('\n'),
        '.npmrc': 'engine-strict=true\nregistry=https://registry.example.org/\ncafile=/etc/certificate.pem',
      }),
    ).to.deep.equal([
      `package-lock.json:2 ${detail}`,
      `package-lock.json:3 ${detail}`,
      `package-lock.json:4 ${detail}`,
      '.npmrc:2 lock: is of one machine: it belongs in the user’s .npmrc',
      '.npmrc:3 lock: is of one machine: it belongs in the user’s .npmrc',
    ]);
  });
});

describe('what every package has', () => {
  const lacking: readonly (readonly [gone: string, message: string])[] = [
    ['LICENSE', 'LICENSE contents: is missing'],
    ['core/wire/README.md', 'core/wire contents: has no README.md'],
    ['hosts/node/CHANGELOG.md', 'hosts/node contents: has no CHANGELOG.md'],
    ['tools/cli/tsconfig.json', 'tools/cli contents: has no tsconfig.json'],
    ['spec/frames/test/tsconfig.json', 'spec/frames/test contents: has no tsconfig.json'],
    ['plugins/udp/src/index.ts', 'plugins/udp contents: has no src/index.ts with its manifest'],
    ['plugins/udp/test/a.test.ts', 'plugins/udp contents: has no tests: test/*.test.ts'],
  ];
  for (const [gone, message] of lacking)
    it(`misses ${gone}`, async () => expect(await found(checkContents, {}, [gone])).to.deep.equal([message]));

  it('is in the references of the root, with a README that says something, under the name of its folder', async () => {
    expect(
      await found(checkContents, {
        'plugins/quic/package.json': packageJson('plugins/quick'),
        'plugins/quic/README.md': '# quic\n',
        'plugins/quic/CHANGELOG.md': '',
        'plugins/quic/tsconfig.json': '{}',
        'plugins/quic/test/tsconfig.json': '{}',
        'plugins/quic/test/a.test.ts': '',
        'plugins/quic/src/index.ts': '',
      }),
    ).to.deep.equal([
      'plugins/quic contents: is not in the references of the root’s tsconfig.json',
      'plugins/quic/test contents: is not in the references of the root’s tsconfig.json',
      'plugins/quic/README.md contents: says too little (6 characters): what it implements, which RFCs',
      'plugins/quic/package.json contents: is named @protoloom/quick, unlike its folder',
    ]);
  });

  it('has files that one reads: 500 lines are told of, 700 are the most', async () => {
    expect(
      await found(checkContents, {
        'core/wire/src/a.ts': '\n'.repeat(500),
        'core/wire/src/b.ts': '\n'.repeat(501),
        'core/wire/src/c.ts': '\n'.repeat(701),
      }),
    ).to.deep.equal([
      'core/wire/src/b.ts warning: length: 501 lines; 500 are plenty',
      'core/wire/src/c.ts length: 701 lines; 700 are the most',
    ]);
  });
});

describe('manifests', () => {
  const udp = (built: string, more: Readonly<Record<string, string>> = {}) =>
    found(checkManifests, { 'plugins/udp/dist/index.js': built, ...more });
  const broken: readonly (readonly [title: string, built: string, message: string])[] = [
    ['is named as its package', plugin('plugins/tcp'), 'its manifest is named @protoloom/tcp, its package @protoloom/udp'],
    ['has the version of its package', plugin('plugins/udp', "version: '1.0.1'"), 'its manifest has version 1.0.1, its package 1.0.0'],
    ['admits the contracts', plugin('plugins/udp', "api: '^2.0.0'"), 'is made for api ^2.0.0; the contracts are at 1.0.0'],
    ['has ranges', plugin('plugins/udp', using('ip.routes', 'soon')), 'its range soon for ip.routes@1 is none'],
    [
      'uses the major that it names',
      plugin('plugins/udp', using('ip.routes', '^2.0')),
      'wants ip.routes@1 ^2.0, and no version of it is in that range',
    ],
    [
      'provides the major that it names',
      plugin('plugins/udp', providing('udp.ports', '2.0.0')),
      'provides it at 2.0.0, which is no version of udp.ports@1',
    ],
    [
      'owns the major that it names',
      plugin('plugins/udp', owning('udp.encapsulation', '1.0')),
      'owns it at 1.0, which is no version of udp.encapsulation@1',
    ],
    ['is one', `${plugin('plugins/udp')}\nexport const other = { ...it };`, 'exports 2 manifests; a package is one plugin'],
    ['is there', '', 'exports 0 manifests; a package is one plugin'],
    ['can be imported', "throw new Error('broken');", 'cannot be imported: broken'],
  ];
  for (const [title, built, message] of broken)
    it(`one ${title}`, async () => expect(await udp(built)).to.deep.equal([`plugins/udp manifest: ${message}`]));

  it('ask for what the workspace implements', async () => {
    const provider = {
      'plugins/tcp/dist/index.js': plugin('plugins/tcp', `${providing('ip.routes', '1.1.0')}, ${owning('ip.input', '1.0.0')}`),
    };
    expect(await udp(plugin('plugins/udp', `${using('ip.routes', '^1.1')}, ${attaching('ip.input', '^1.0')}`), provider)).to.deep.equal([]);
    expect(await udp(plugin('plugins/udp', `${using('ip.routes', '^1.2')}, ${attaching('ip.input', '^1.1')}`), provider)).to.deep.equal([
      'plugins/udp manifest: wants ip.routes@1 ^1.2; the workspace implements 1.1.0',
      'plugins/udp manifest: wants ip.input@1 ^1.1; the workspace implements 1.0.0',
    ]);
  });

  it('have a peer range for the contracts, which meets their api', async () => {
    expect(await udp(plugin('plugins/udp'), { 'plugins/udp/package.json': packageJson('plugins/udp') })).to.deep.equal([
      'plugins/udp manifest: has no peer range for @protoloom/contracts',
    ]);
    expect(
      await udp(plugin('plugins/udp'), {
        'plugins/udp/package.json': packageJson('plugins/udp', { peerDependencies: { '@protoloom/contracts': '^0.9.0' } }),
      }),
    ).to.deep.equal(['plugins/udp manifest: its peer range ^0.9.0 and its api ^1.0.0 have no version in common']);
  });

  it('are built', async () => {
    expect(await found(checkManifests, {}, ['plugins/udp/dist/index.js'])).to.deep.equal([
      'plugins/udp manifest: is not built: run `npm run build` first',
    ]);
  });
});
