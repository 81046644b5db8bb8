/** The flags of `events`. */

import type { EventsOptions } from '../../runtime/verbs/events.ts';
import { type Flags, usage } from './flags.ts';

const DEFAULT_INTERVAL = '5s';

export function eventsOptions(flags: Flags, id: string): EventsOptions {
  const text = flags.text('interval') ?? DEFAULT_INTERVAL;
  const intervalMs = parseDuration(text);
  if (intervalMs === undefined) {
    throw usage(`invalid value "${text}" for flag -interval: give a duration such as 5s`);
  }
  if (intervalMs <= 0) throw usage('duration interval must be greater than 0');
  return { id, intervalMs, once: flags.has('stats') };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's notation, `1m30s`, in milliseconds; undefined for what is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  let total = 0;
  if (rest === '' || rest.length > 64) return undefined;
  while (rest !== '') {
    const match = /^(\d{1,12}(?:\.\d{0,9})?)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (match === null) return undefined;
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
    rest = rest.slice(match[0].length);
  }
  return sign * total;
}
