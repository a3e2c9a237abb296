import { readFileSync } from 'node:fs';
import { linuxHost } from '@protoloom/linux';
import { expect } from 'chai';
import { calls } from '../dist/system/calls/index.js';
import { passes } from './scripts.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('has a script that passes, against the stack that it names', () => {
    const [, script = ''] = /```\n(\/\/ a passive open[\s\S]*?)```/.exec(README) ?? [];
    passes(script, { stack: linuxHost });
  });

  it('lists every system call that there is', () => {
    const [, listed = ''] = /\| calls \| `([^`]*)`/.exec(README) ?? [];
    expect(listed.split(' ').sort()).to.deep.equal(Object.keys(calls).sort());
  });
});
