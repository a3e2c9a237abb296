// When events are due, and whether something happened in time.
import type { EventTime } from '../language/script.js';
import type { Mismatch } from '../packets/compare.js';
import type { Settings } from '../settings.js';

/** A span of the script's time, µs since its beginning. */
export interface Due {
  readonly fromUs: number;
  readonly toUs: number;
  readonly any: boolean;
}

/** When an event is due, as seen at `nowUs` (µs since the script's beginning). */
export function dueAt({ kind, us, endUs }: EventTime, nowUs: number): Due {
  const base = kind === 'relative' || kind === 'relative-range' ? nowUs : 0;
  if (kind === 'any') return { fromUs: nowUs, toUs: nowUs, any: true };
  return { fromUs: base + us, toUs: base + endUs, any: false };
}

/**
 * How far something may be off, µs: packetdrill's, the larger of a fixed time and a part of what has passed since the event before.
 * @param strict virtual time is exact, and nothing may be off.
 */
export function toleranceUs({ toleranceUs: fixed, tolerancePercent }: Settings, strict: boolean, sinceUs: number): number {
  return strict ? 0 : Math.max(fixed, (tolerancePercent / 100) * sinceUs);
}

export const seconds = (us: number): string => (us / 1e6).toFixed(6);

/** What is wrong with a time, if anything. */
export function compareTime(field: string, due: Due, actualUs: number, tolerance: number): Mismatch[] {
  if (due.any || (actualUs >= due.fromUs - tolerance && actualUs <= due.toUs + tolerance)) return [];
  const span = due.fromUs === due.toUs ? seconds(due.fromUs) : `${seconds(due.fromUs)} to ${seconds(due.toUs)}`;
  return [{ field, expected: `${span} (±${seconds(tolerance)})`, actual: seconds(actualUs) }];
}
