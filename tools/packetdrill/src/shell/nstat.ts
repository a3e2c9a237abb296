// nstat: counters under the kernel's names, by how much they have changed since they were shown last.
import { type Done, done, type ShellContext } from './shell.js';

export function nstat(context: ShellContext, words: readonly string[]): Done {
  const flags = words
    .slice(1)
    .filter((word) => word.startsWith('-'))
    .join('');
  const patterns = words.slice(1).filter((word) => !word.startsWith('-'));
  const now = Object.fromEntries(Object.entries(context.stack.counters.mib()).map(([name, value]) => [name.replace('.', ''), value]));
  const before = flags.includes('a') ? {} : context.counted;
  if (!flags.includes('s')) context.counted = now;
  if (flags.includes('n')) return done();
  const lines = Object.entries(now)
    .map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
    .filter(([name, change]) => (change !== 0 || flags.includes('z')) && (patterns.length === 0 || patterns.includes(name)))
    .map(([name, change]) => `${name.padEnd(32)}${change} 0.0\n`);
  return done(`#kernel\n${lines.join('')}`);
}
