// Records of membership reports, packed into messages: RFC 3376 §4.2.16, RFC 3810 §5.2.15.
import { CHANGE_TO_EXCLUDE, type GroupRecord, MODE_IS_EXCLUDE } from './group-reporter.js';

/**
 * As few messages as hold the records, each of `room` bytes at most. What excludes more sources than one message holds excludes fewer; what
 * includes, allows or blocks more is divided.
 * @param recordBytes of a record in front of its sources. @param addressBytes of each source.
 */
export function packRecords(records: readonly GroupRecord[], room: number, recordBytes: number, addressBytes: number): GroupRecord[][] {
  const messages: GroupRecord[][] = [];
  const most = Math.max(1, Math.floor((room - recordBytes) / addressBytes));
  let left = 0;
  for (const record of records)
    for (const part of divide(record, most)) {
      const bytes = recordBytes + part.sources.length * addressBytes;
      if (bytes > left) {
        messages.push([]);
        left = room;
      }
      messages.at(-1)?.push(part);
      left -= bytes;
    }
  return messages;
}

function divide(record: GroupRecord, most: number): GroupRecord[] {
  const { type, group, sources } = record;
  if (sources.length <= most) return [record];
  if (type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE) return [{ type, group, sources: sources.slice(0, most) }];
  const parts: GroupRecord[] = [];
  for (let from = 0; from < sources.length; from += most) parts.push({ type, group, sources: sources.slice(from, from + most) });
  return parts;
}
