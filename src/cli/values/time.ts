/** Points in time for `--since` and `--until`, and as they stand in tables. */

import { parseDuration } from './duration.ts';
import { ValueError } from './number.ts';

/**
 * What the API takes: seconds since 1970, with a fraction. Accepts a date (`2013-01-02`, `2013-01-02T13:23:37Z`, local without a zone),
 * seconds since 1970, or a Go duration meaning that long before now.
 */
export function apiTimestamp(text: string, now: number = Date.now()): string {
  if (text === '') return '';
  if (/^-?[0-9]{1,18}(?:\.[0-9]{1,9})?$/.test(text)) return text;
  const date = parseDate(text);
  if (date !== undefined) return date;
  try {
    return (now / 1000 - parseDuration(text) / 1e9).toFixed(9);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ValueError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  }
}

const DATE =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/;

function parseDate(text: string): string | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return `${Math.floor(ms / 1000)}.${fraction.padEnd(9, '0')}`;
}

/** Go's `2006-01-02 15:04:05 -0700 MST` in local time, as `ps --format '{{.CreatedAt}}'` prints it. */
export function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock} ${zoneOffset(date, '')} ${zoneName(date)}`;
}

/** RFC 3339 in local time; `fraction` is appended to the seconds. */
export function localRfc3339(seconds: number, fraction = ''): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const zone = date.getTimezoneOffset() === 0 ? 'Z' : zoneOffset(date, ':');
  return `${day}T${clock}${fraction}${zone}`;
}

/** An RFC 3339 time of the API as Go prints a time: `2006-01-02 15:04:05.999 +0000 UTC`. Other texts stay as they are. */
export function goTime(text: string): string {
  const match = /^([0-9-]{10})T([0-9:]{8})(?:\.([0-9]{1,9}))?Z$/.exec(text);
  if (match === null) return text;
  const [, day = '', clock = '', fraction = ''] = match;
  const digits = fraction.replace(/0+$/, '');
  return `${day} ${clock}${digits === '' ? '' : `.${digits}`} +0000 UTC`;
}

function zoneOffset(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

function zoneName(date: Date): string {
  if (date.getTimezoneOffset() === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
