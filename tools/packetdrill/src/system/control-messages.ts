// Control messages (cmsg): from what a script writes, and back.
import { type Control, type ExtendedError, SCM_TIMESTAMPING, SOL_SOCKET } from '@protoloom/contracts/socket';
import { fail } from '../failure.js';
import type { Value } from '../language/script.js';
import type { Process } from './process.js';
import { fieldOf, numberIn, type Outcome, written } from './values.js';

/** A control message that a script sends. */
export function controlOf(value: Value): Control {
  const part = (name: string): number =>
    numberIn(fieldOf(value, name) ?? fail(`${written(value)} has no ${name}`)) ?? fail(`${name} of ${written(value)} is no number`);
  return { level: part('cmsg_level'), type: part('cmsg_type'), value: part('cmsg_data') };
}

/** A control message as scripts write it. @param expected what is to be in its place. */
export function controlOutcome({ level, type, value }: Control, process: Process, expected: Value | undefined): Outcome {
  const data = level === SOL_SOCKET && type === SCM_TIMESTAMPING ? timeOutcome(value, process, expected) : dataOutcome(value);
  return { cmsg_level: level, cmsg_type: type, cmsg_data: data };
}

/** A time since the script's beginning: the one that is expected, where they are as near as times are to be. */
function timeOutcome(value: Control['value'], { startUs, toleranceUs }: Process, expected: Value | undefined): Outcome {
  const { sec, nsec } = value as { readonly sec: number; readonly nsec: number };
  const us = sec * 1_000_000 + nsec / 1000 - startUs;
  const data = expected === undefined ? undefined : fieldOf(expected, 'cmsg_data');
  const part = (name: string): number => numberIn((data && fieldOf(data, name)) ?? { kind: 'any' }) ?? 0;
  const wanted = { scm_sec: part('scm_sec'), scm_nsec: part('scm_nsec') };
  if (Math.abs(wanted.scm_sec * 1_000_000 + wanted.scm_nsec / 1000 - us) <= toleranceUs) return wanted;
  return { scm_sec: Math.floor(us / 1_000_000), scm_nsec: (us % 1_000_000) * 1000 };
}

/** Octets one by one; scripts know nothing of who reported an error. */
function dataOutcome(value: Control['value']): Outcome {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== 'object' || !('offender' in value)) return value as Outcome;
  const { offender: _, ...error } = value as ExtendedError;
  return error;
}
