/** The shapes of cgroup files: one number, lines of key and value, lines of device and operation. */

import { readKernelText } from '../host/kernel-files.ts';

/** Above this a v1 limit is none: PAGE_COUNTER_MAX in bytes is just below 2^63. */
const V1_UNLIMITED = 2 ** 62;

/** A number; undefined for an absent file, `max` and v1's largest limit. */
export function readNumber(path: string): number | undefined {
  const text = readKernelText(path)?.trim();
  if (text === undefined || !/^[0-9]{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= V1_UNLIMITED ? undefined : value;
}

/** Lines `key value`; empty for an absent file. */
export function readFields(path: string): Map<string, number> {
  const fields = new Map<string, number>();
  for (const line of (readKernelText(path) ?? '').split('\n')) {
    const space = line.indexOf(' ');
    const value = Number(line.slice(space + 1));
    // Some files mix in words, such as `max`.
    if (space > 0 && Number.isFinite(value)) fields.set(line.slice(0, space), value);
  }
  return fields;
}

/** Lines of words, empty ones left out. */
export function readLines(path: string): string[][] {
  return (readKernelText(path) ?? '')
    .split('\n')
    .map((line) => line.split(' ').filter((word) => word !== ''))
    .filter((line) => line.length > 0);
}

/** A number as it is, exactly; undefined for an absent file and for words. */
export function readExact(path: string): bigint | undefined {
  return exact(readKernelText(path)?.trim() ?? '');
}

/** Lines `key value` with exact values; empty for an absent file. */
export function readExactFields(path: string): Map<string, bigint> {
  const fields = new Map<string, bigint>();
  for (const [key = '', value = ''] of readLines(path)) {
    const number = exact(value);
    if (number !== undefined) fields.set(key, number);
  }
  return fields;
}

function exact(text: string): bigint | undefined {
  return /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
}
