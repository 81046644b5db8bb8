/** Durations in Go's notation: `1h30m`, `1.5s`, `300ms`. */

import { ValueError } from './number.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);

const PIECE = /^([0-9]{0,18})(?:\.([0-9]{0,18}))?([^0-9.]*)/;

/** Nanoseconds. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw new ValueError(`time: invalid duration ${quoted}`);
  let total = 0;
  while (rest !== '') {
    const [piece = '', whole = '', fraction = '', unit = ''] = PIECE.exec(rest) ?? [];
    if (whole === '' && fraction === '') throw new ValueError(`time: invalid duration ${quoted}`);
    if (unit === '') throw new ValueError(`time: missing unit in duration ${quoted}`);
    const factor = UNITS.get(unit);
    if (factor === undefined) {
      throw new ValueError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    }
    total += Number(`${whole || '0'}.${fraction || '0'}`) * factor;
    rest = rest.slice(piece.length);
  }
  if (!Number.isSafeInteger(Math.round(total))) {
    throw new ValueError(`time: invalid duration ${quoted}`);
  }
  return Math.round(text.startsWith('-') ? -total : total);
}

/** `1h30m0s`, `300ms`, `0s`: as Go prints a duration. */
export function formatDuration(ns: number): string {
  if (ns === 0) return '0s';
  const sign = ns < 0 ? '-' : '';
  const size = Math.abs(ns);
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}µs`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const hours = Math.floor(size / 3600e9);
  const minutes = Math.floor((size % 3600e9) / 60e9);
  const seconds = `${Number(((size % 60e9) / 1e9).toFixed(9))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

interface Threshold {
  /** Applies while the age in seconds is below this. */
  below: number;
  say: (seconds: number) => string;
}

const AGES: readonly Threshold[] = [
  { below: 1, say: () => 'Less than a second' },
  { below: 2, say: () => '1 second' },
  { below: 60, say: (s) => `${Math.floor(s)} seconds` },
  { below: 120, say: () => 'About a minute' },
  { below: 3600, say: (s) => `${Math.floor(s / 60)} minutes` },
  { below: 5400, say: () => 'About an hour' },
  { below: 48 * 3600, say: (s) => `${Math.round(s / 3600)} hours` },
  { below: 24 * 7 * 2 * 3600, say: (s) => `${Math.floor(s / 86400)} days` },
  { below: 24 * 30 * 2 * 3600, say: (s) => `${Math.floor(s / 604800)} weeks` },
  { below: 24 * 365 * 2 * 3600, say: (s) => `${Math.floor(s / 2592000)} months` },
  { below: Number.POSITIVE_INFINITY, say: (s) => `${Math.floor(s / 31536000)} years` },
];

/** An age in words, without `ago`: `About a minute`, `2 weeks`. */
export function ageInWords(seconds: number): string {
  const row = AGES.find((age) => seconds < age.below);
  return row === undefined ? '' : row.say(seconds);
}
