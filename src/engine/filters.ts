/** What all lists have in common in their `--filter`. */

import { TiffinError } from '../base/errors.ts';
import type { Filters } from '../spec/docker.ts';

/** Refuses a filter that the list does not know. Throws `invalid` in Docker's words. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (known.includes(name)) continue;
    throw new TiffinError('invalid', 'bad-filter', `invalid filter '${name.slice(0, 64)}'`);
  }
}

/** Every wanted `key` or `key=value` is there. */
export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  wanted: readonly string[] | undefined,
): boolean {
  return (wanted ?? []).every((text) => hasLabel(labels, text));
}

/** None of the unwanted ones is there. */
export function lacksLabels(
  labels: Readonly<Record<string, string>>,
  unwanted: readonly string[] | undefined,
): boolean {
  return !(unwanted ?? []).some((text) => hasLabel(labels, text));
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  if (!Object.hasOwn(labels, key)) return false;
  return equals < 0 || labels[key] === text.slice(equals + 1);
}

/** True without the filter, else when one of its values passes. */
export function anyOf(
  values: readonly string[] | undefined,
  test: (value: string) => boolean,
): boolean {
  return values === undefined || values.length === 0 || values.some(test);
}

/** `until=10m`, `until=2024-01-01T00:00:00Z`, `until=<seconds>`: ms since 1970. Throws `invalid`. */
export function parseUntil(filters: Filters): number | undefined {
  const [text, ...more] = filters.get('until') ?? [];
  if (text === undefined) return undefined;
  if (more.length > 0) throw badUntil('more than one until filter specified');
  const duration = parseDuration(text);
  if (duration !== undefined) return Date.now() - duration;
  if (/^[0-9]{1,12}(\.[0-9]{1,9})?$/.test(text)) return Number(text) * 1000;
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw badUntil(
      `failed to parse value as time or duration: ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  return time;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's notation, `1h30m`; ms. */
function parseDuration(text: string): number | undefined {
  const pattern = /([0-9]{1,9})(ms|s|m|h)/y;
  let total = 0;
  let end = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
    end = pattern.lastIndex;
  }
  return end > 0 && end === text.length ? total : undefined;
}

function badUntil(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-filter', message);
}
