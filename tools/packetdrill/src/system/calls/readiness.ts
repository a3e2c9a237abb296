// poll and epoll.
import { ERRNO } from '@protoloom/contracts';
import { POLLERR, POLLHUP } from '@protoloom/contracts/socket';
import { fail } from '../../failure.js';
import type { Value } from '../../language/script.js';
import type { Mismatch } from '../../packets/compare.js';
import { type EpollData, type EpollEvent, EpollFile } from '../files.js';
import { type CallDefinition, define, immediate } from '../operation.js';
import type { Process } from '../process.js';
import { flagNames } from '../symbols.js';
import { type Args, compareOutcome, fieldOf, itemsOf, numberIn, written } from '../values.js';

const POLLNVAL = 0x20;

const part = (value: Value, name: string): number =>
  numberIn(fieldOf(value, name) ?? fail(`${written(value)} has no ${name}`)) ?? fail(`${name} of ${written(value)} is no number`);

/** A time-out in ms: below zero it waits for ever, 0 it does not wait. */
const waiting = (ms: number): { waits: boolean; timeoutUs: number } => ({
  waits: ms !== 0,
  timeoutUs: ms < 0 ? Number.POSITIVE_INFINITY : ms * 1000,
});

const poll = define(3, 3, (process, args) => {
  const polled = itemsOf(args.value(0));
  if (args.number(1) > polled.length) fail(`poll: the list has ${polled.length} items, not ${args.number(1)}`);
  const fds = polled.slice(0, args.number(1)).map((item) => ({
    fd: part(item, 'fd'),
    events: part(item, 'events'),
    expected: fieldOf(item, 'revents'),
    revents: 0,
  }));
  const attempt = (): number => {
    let count = 0;
    for (const one of fds) {
      const file = one.fd < 0 ? undefined : process.fileAt(one.fd);
      const ready = file === undefined ? POLLNVAL : file.readiness & (one.events | POLLERR | POLLHUP);
      one.revents = one.fd < 0 ? 0 : ready;
      if (one.revents !== 0) count++;
    }
    return count === 0 && args.number(2) !== 0 ? -ERRNO.EAGAIN : count;
  };
  return {
    ...waiting(args.number(2)),
    attempt,
    expired: () => 0,
    compare: (): Mismatch[] =>
      fds.flatMap(({ fd, expected, revents }) =>
        compareFlags(`revents of ${fd}`, 'POLL', expected ?? { kind: 'integer', value: 0 }, revents),
      ),
  };
});

/** Bits held against bits, told by their names. */
function compareFlags(field: string, prefix: string, expected: Value, actual: number): Mismatch[] {
  if (expected.kind === 'any') return [];
  const wanted = numberIn(expected) ?? fail(`${written(expected)} is no number`);
  return wanted === actual ? [] : [{ field, expected: flagNames(prefix, wanted), actual: flagNames(prefix, actual) }];
}

const epollCreate = define(1, 1, () => {
  const file = new EpollFile();
  return immediate(() => 0, { opened: () => [file] });
});

const epollFile = (process: Process, args: Args): EpollFile => {
  const file = process.file(args);
  return file instanceof EpollFile ? file : fail(`${args.call}: descriptor ${args.number(0)} is no epoll instance`);
};

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

const epollCtl = define(4, 4, (process, args) => {
  const epoll = epollFile(process, args);
  const fd = args.number(2);
  const file = process.file(args, 2);
  const event = args.value(3);
  return immediate(() => {
    if (args.number(1) === EPOLL_CTL_DEL) return epoll.delete(fd);
    const events = part(event, 'events');
    return args.number(1) === EPOLL_CTL_ADD ? epoll.add(fd, file, events, dataOf(event)) : epoll.modify(fd, events, dataOf(event));
  });
});

const DATA_NAMES = ['fd', 'ptr', 'u32', 'u64'] as const;

/** epoll_data of an event. */
function dataOf(event: Value): EpollData {
  const name =
    DATA_NAMES.find((one) => fieldOf(event, one) !== undefined) ?? fail(`${written(event)} has none of ${DATA_NAMES.join(', ')}`);
  return { name, value: part(event, name) };
}

const epollWait = define(4, 4, (process, args) => {
  const epoll = epollFile(process, args);
  const expected = itemsOf(args.value(1));
  let found: EpollEvent[] = [];
  return {
    ...waiting(args.number(3)),
    attempt() {
      found = epoll.ready(args.number(2));
      return found.length === 0 && args.number(3) !== 0 ? -ERRNO.EAGAIN : found.length;
    },
    expired: () => 0,
    compare: (): Mismatch[] =>
      found.flatMap(({ events, data }, i) => {
        const wanted = expected[i];
        if (wanted === undefined || wanted.kind === 'any') return [];
        const given = fieldOf(wanted, 'events') ?? fail(`${written(wanted)} has no events`);
        return [
          ...compareFlags(`events[${i}]`, 'EPOLL', given, events),
          ...compareOutcome(`events[${i}].${data.name}`, fieldOf(wanted, data.name) ?? { kind: 'any' }, data.value),
        ];
      }),
  };
});

export const readinessCalls: Readonly<Record<string, CallDefinition>> = {
  poll,
  epoll_create: epollCreate,
  epoll_create1: epollCreate,
  epoll_ctl: epollCtl,
  epoll_wait: epollWait,
};
