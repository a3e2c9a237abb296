// sysctl, its files under /proc/sys, and the suites' helper that sets several and puts them back.
import { fail } from '../failure.js';
import { type Done, done, type ShellContext } from './shell.js';

/** The path of a file under /proc/sys, or undefined. */
export const procPath = (file: string): string | undefined =>
  file.startsWith('/proc/sys/') ? file.slice('/proc/sys/'.length).replaceAll('/', '.') : undefined;

/** A value as text. @throws ScriptFailure where the stack has no such sysctl. */
export function echoed({ stack }: ShellContext, path: string): string {
  try {
    return stack.sysctl.text(path);
  } catch (error) {
    return fail((error as Error).message);
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** `sysctl [-q] [-w] [-n] [-e] NAME=VALUE…`, or names to be read. */
export function sysctl(context: ShellContext, words: readonly string[]): Done {
  const given = words.slice(1).filter((word) => !word.startsWith('-'));
  const flags = words.slice(1).filter((word) => word.startsWith('-'));
  const lines: string[] = [];
  for (const word of given) {
    const at = word.indexOf('=');
    const path = (at < 0 ? word : word.slice(0, at)).trim().replaceAll('/', '.');
    try {
      if (at < 0) lines.push(flags.includes('-n') ? context.stack.sysctl.text(path) : `${path} = ${context.stack.sysctl.text(path)}`);
      else context.stack.sysctl.set(path, decimal(word.slice(at + 1).trim()));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && flags.includes('-e')) continue;
      if (codeOf(error) === 'ENOENT') return fail(`sysctl: the stack has no ${path}`);
      return fail(`sysctl: ${(error as Error).message}`);
    }
  }
  return done(lines.map((line) => `${line}\n`).join(''));
}

/** Linux reads hexadecimal where a number is to be. */
const decimal = (text: string): string => (/^0[xX][0-9a-fA-F]+$/.test(text) ? String(Number(text)) : text.replaceAll(/\s+/g, ' '));

/** `set_sysctls.py /proc/sys/…=VALUE…`, which `sysctl_restore_….sh` undoes. */
export function setSysctls(context: ShellContext, words: readonly string[]): Done {
  for (const word of words.slice(1)) {
    const at = word.indexOf('=');
    const path = procPath(word.slice(0, at));
    if (at < 0 || path === undefined) return fail(`set_sysctls.py: ${word} is not /proc/sys/…=VALUE`);
    if (!context.restore.has(path)) context.restore.set(path, current(context, path));
    sysctl(context, ['sysctl', `${path}=${word.slice(at + 1)}`]);
  }
  return done();
}

function current({ stack }: ShellContext, path: string): string {
  try {
    return stack.sysctl.text(path);
  } catch {
    return fail(`sysctl: the stack has no ${path}`);
  }
}
