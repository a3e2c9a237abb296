import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { FLAGS } from '../dist/engine.js';

describe('inlining', () => {
  it('is set by flags that this Node’s V8 has, to more than its own', () => {
    const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    for (const flag of FLAGS) {
      const [name = '', value] = flag.split('=');
      const described = options.slice(options.indexOf(`${name} (`));
      const [, usual] = /default: (?:--\S+?=)?(\d+)/.exec(described) ?? [];
      expect(Number(value), name).to.be.greaterThan(Number(usual));
    }
  });
});
