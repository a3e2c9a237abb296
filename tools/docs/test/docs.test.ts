import { definePlugin, own, provide, service, u8Point } from '@protoloom/contracts';
import { withClauses, withTables } from '@protoloom/docs';
import { expect } from 'chai';

const plugin = definePlugin({
  name: 'x',
  version: '1.0.0',
  api: '^1.0.0',
  provides: { s: provide(service<number>('test.s', 1), '1.2.0') },
  owns: { p: own(u8Point<() => undefined>('test.p', 1), '1.0.0') },
  counters: { drops: { unit: 'packets', mib: 'Ip.InDiscards', fate: 'SOME|REASON', doc: 'Dropped.' } },
  sysctls: { on: { path: 'net.x.on', initial: true, rfc: 'RFC 1', doc: 'On or off.' } },
  create: () => ({ services: { s: 1 }, otherwise: { p: { handler: () => undefined } } }),
});

describe('a plugin’s README', () => {
  it('has its tables between the markers, and the rest untouched; again changes nothing', () => {
    const readme = '# x\n\nProse.\n\n<!-- manifest:start -->\nold\n<!-- manifest:end -->\n\nMore.\n';
    const once = withTables(readme, plugin) ?? '';
    expect(once).to.match(/^# x\n\nProse\.\n\n<!-- manifest:start -->\n/);
    expect(once).to.contain('| `drops` | Ip.InDiscards | SOME\\|REASON | Dropped. |');
    expect(once).to.contain('| `net.x.on` | 1 |  | On or off. RFC 1. |');
    expect(once).to.contain('**Provides** `test.s@1` (1.2.0)');
    expect(once.endsWith('<!-- manifest:end -->\n\nMore.\n')).to.equal(true);
    expect(withTables(once, plugin)).to.equal(once);
    expect(withTables('# no markers', plugin)).to.equal(undefined);
  });
});

describe('the page of clauses', () => {
  it('has the tables of every README that has one, under its name; again changes nothing', () => {
    const page = '# What input meets\n\n<!-- clauses:start -->\nold\n<!-- clauses:end -->\n';
    const table = '| clause | input | test |\n| --- | --- | --- |\n| RFC 1 | a | `b` |';
    const readmes = [
      { folder: 'x', text: `# x\n\n${table}\n\n| name |\n| --- |\n| not this |\n` },
      { folder: 'y', text: '# y\n' },
    ];
    const once = withClauses(page, readmes) ?? '';
    expect(once).to.equal(
      `# What input meets\n\n<!-- clauses:start -->\n\n## [x](../plugins/x/README.md)\n\n${table}\n\n<!-- clauses:end -->\n`,
    );
    expect(withClauses(once, readmes)).to.equal(once);
    expect(withClauses('# no markers', readmes)).to.equal(undefined);
  });
});
