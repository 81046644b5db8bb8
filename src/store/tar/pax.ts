/** Extended headers: `<length> <key>=<value>\n` records (POSIX pax, "pax Extended Header"). */

import { decodeByteText } from '../../base/byte-text.ts';
import { malformed } from './fields.ts';

/** In order, since GNU sparse 0.0 repeats keys. An empty value takes a global one back. */
export type PaxRecord = readonly [key: string, value: Uint8Array];

const MAX_LENGTH_DIGITS = 8;

export function parsePax(bytes: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at);
    const length = recordLength(bytes.subarray(at, space));
    const end = at + length;
    if (space < 0 || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 10) {
      throw malformed('extended header record has a wrong length');
    }
    records.push(splitRecord(bytes.subarray(space + 1, end - 1)));
    at = end;
  }
  return records;
}

/** One record, its length counting itself. */
export function formatPax(key: string, value: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(` ${key}=`);
  const body = name.length + value.length + 1;
  let length = body + String(body).length;
  // One more digit may be needed for the digit itself.
  if (String(length).length !== String(body).length) length = body + String(length).length;
  const record = new Uint8Array(length);
  const digits = new TextEncoder().encode(String(length));
  record.set(digits);
  record.set(name, digits.length);
  record.set(value, digits.length + name.length);
  record[length - 1] = 10;
  return record;
}

/** Non-negative decimal. */
export function paxCount(value: Uint8Array, key: string): number {
  const text = decodeByteText(value);
  if (!isDecimal(text)) throw malformed(`extended header ${key} is not a number`);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw malformed(`extended header ${key} is out of range`);
  return number;
}

/** `seconds[.fraction]` with an optional minus, to ns since 1970; times before it are 0. */
export function paxTime(value: Uint8Array, key: string): bigint {
  const text = decodeByteText(value);
  const positive = text.startsWith('-') ? text.slice(1) : text;
  const dot = positive.indexOf('.');
  const whole = dot < 0 ? positive : positive.slice(0, dot);
  const fraction = dot < 0 ? '0' : positive.slice(dot + 1) || '0';
  const plausible = whole.length <= 20 && fraction.length <= 40;
  if (!plausible || !isDecimal(whole) || !isDecimal(fraction)) {
    throw malformed(`extended header ${key} is not a time`);
  }
  if (text.startsWith('-')) return 0n;
  return clampTime(BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

/** Into what a signed 64-bit count of nanoseconds can hold. */
export function clampTime(ns: bigint): bigint {
  const latest = 2n ** 63n - 1n;
  if (ns < 0n) return 0n;
  return ns > latest ? latest : ns;
}

function recordLength(digits: Uint8Array): number {
  const text = decodeByteText(digits.subarray(0, MAX_LENGTH_DIGITS + 1));
  if (text.length > MAX_LENGTH_DIGITS || !isDecimal(text)) {
    throw malformed('extended header record has a wrong length');
  }
  return Number(text);
}

function splitRecord(record: Uint8Array): PaxRecord {
  const equals = record.indexOf(61);
  if (equals <= 0) throw malformed('extended header record has no key');
  return [decodeByteText(record.subarray(0, equals)), record.subarray(equals + 1)];
}

function isDecimal(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return text.length > 0;
}
