// The README's table of TCP's behaviours names scripts that are there.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const table = readme.slice(readme.indexOf('## TCP, by behaviour'));
const rows = [...table.matchAll(/^\| (?!behaviour)([^|]+) \| ([^|]+) \|$/gm)];

describe('the table of TCP behaviours', () => {
  it('has rows', () => {
    expect(rows.length).to.be.greaterThan(20);
  });

  for (const [, behaviour = '', scripts = ''] of rows) {
    it(`${behaviour}: its scripts are there`, () => {
      const places = [...scripts.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place);
      expect(places).to.not.have.length(0);
      for (const place of places) {
        expect(existsSync(root + place), place).to.equal(true);
        expect(statSync(root + place).isDirectory() || place.endsWith('.pkt'), place).to.equal(true);
      }
    });
  }
});
