/** How long an answer of a server holds, and the same answer later. */

import { HEADER_BYTES, type Question, skipName } from './question.ts';

const OPT = 41;
const SOA = 6;
const NO_SUCH_NAME = 3;
/** Type, class, TTL, length of the data (RFC 1035, 4.1.3). */
const RECORD_BYTES = 10;
/** Longer is not believed; a name that does not exist may do so soon. */
const MOST_SECONDS = 300;
const MOST_NEGATIVE_SECONDS = 30;

interface TimedRecord {
  type: number;
  /** Where its TTL stands. */
  at: number;
  ttl: number;
  /** Where its data ends. */
  end: number;
}

/** Seconds; 0: not to be kept. */
export function lifetime(question: Question, answer: Uint8Array): number {
  const rcode = (answer[3] ?? 0) & 0x0f;
  const truncated = ((answer[2] ?? 0) & 0x02) !== 0;
  if (truncated || (rcode !== 0 && rcode !== NO_SUCH_NAME)) return 0;
  const records = timedRecords(question, answer);
  if (records === undefined || records.length === 0) return 0;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const answers = view.getUint16(6);
  const ttls = records.map(({ ttl }) => ttl);
  if (answers > 0 && rcode === 0) return Math.min(MOST_SECONDS, ...ttls);
  // RFC 2308: the zone's own word on how long it lacks a name.
  const zone = records.find(({ type }) => type === SOA);
  if (zone === undefined || zone.end < 4) return 0;
  return Math.min(MOST_NEGATIVE_SECONDS, zone.ttl, view.getUint32(zone.end - 4));
}

/** The answer to `question`, which has the same name and type as the one it was given for, `seconds` later. */
export function aged(question: Question, answer: Uint8Array, seconds: number): Uint8Array {
  const bytes = answer.slice();
  const view = new DataView(bytes.buffer);
  for (const { at, ttl } of timedRecords(question, bytes) ?? []) {
    view.setUint32(at, Math.max(0, ttl - seconds));
  }
  bytes.set(question.bytes.subarray(0, 2));
  bytes.set(question.bytes.subarray(HEADER_BYTES, question.end), HEADER_BYTES);
  return bytes;
}

/** Undefined for an answer that does not hold what its header says. */
function timedRecords(question: Question, answer: Uint8Array): TimedRecord[] | undefined {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const count = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  const records: TimedRecord[] = [];
  let at = question.end;
  for (let left = count; left > 0; left -= 1) {
    const start = skipName(answer, at);
    if (start === undefined || start + RECORD_BYTES > answer.length) return undefined;
    const type = view.getUint16(start);
    const end = start + RECORD_BYTES + view.getUint16(start + 8);
    if (end > answer.length) return undefined;
    // What an OPT record has there is no time (RFC 6891, 6.1.3).
    if (type !== OPT) records.push({ type, at: start + 4, ttl: view.getUint32(start + 4), end });
    at = end;
  }
  return records;
}
