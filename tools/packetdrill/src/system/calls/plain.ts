// Descriptors that are no sockets: open and pipe.
import { ERRNO } from '@protoloom/contracts';
import { fail } from '../../failure.js';
import { type File, PipeEnd, PlainFile } from '../files.js';
import { type CallDefinition, define, immediate } from '../operation.js';
import { itemsOf, numberIn, written } from '../values.js';

const O_CREAT = 0o100;
const O_NONBLOCK = 0o4000;
const DEVICES = new Set(['/dev/zero', '/dev/null']);

/** Files are in memory: a script opens the two devices, and what it has made itself. */
const open = define(2, 3, (process, args) => {
  const path = args.value(0);
  if (path.kind !== 'string') return fail(`open: ${written(path)} is no path`);
  const flags = args.number(1);
  const known = process.disk.get(path.text);
  const file = known ?? (DEVICES.has(path.text) || (flags & O_CREAT) !== 0 ? new PlainFile(path.text) : undefined);
  if (file === undefined)
    return immediate(() => -ERRNO.ENOENT, { explain: () => `open: there is no ${path.text}, only what the script makes` });
  process.disk.set(path.text, file);
  file.nonBlocking = (flags & O_NONBLOCK) !== 0;
  return immediate(() => 0, { opened: () => [file] });
});

/** `pipe([4, 5]) = 0`: the numbers of the end that reads and of the one that writes. */
const pipe = define(1, 1, (process, args) => {
  const fds = itemsOf(args.value(0)).map((item) => numberIn(item) ?? fail(`${written(item)} is no descriptor`));
  if (fds.length !== 2) fail('pipe: takes a list of two descriptors');
  return immediate(() => {
    const ends: readonly File[] = PipeEnd.pair();
    for (const [i, fd] of fds.entries()) process.open(fd, ends[i] as File);
    return 0;
  });
});

export const plainCalls: Readonly<Record<string, CallDefinition>> = { open, pipe };
