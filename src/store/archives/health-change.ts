/** `HEALTHCHECK` as a change: `[--interval=30s …] CMD command` or `NONE`. */

import { TiffinError } from '../../base/errors.ts';
import type { Healthcheck } from '../../spec/image-config.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);
const LEAST_NS = 1e6;
const MOST_NS = 365 * 24 * 3600 * 1e9;

type Setting = Exclude<keyof Healthcheck, 'test'>;
const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['interval', 'intervalNs'],
  ['timeout', 'timeoutNs'],
  ['start-period', 'startPeriodNs'],
  ['start-interval', 'startIntervalNs'],
  ['retries', 'retries'],
]);

/** `list` reads the exec form, a JSON list; anything else is for the shell. Throws `invalid`. */
export function healthChange(
  rest: string,
  list: (text: string) => string[] | undefined,
): Healthcheck {
  const check: Healthcheck = {
    test: [],
    intervalNs: 0,
    timeoutNs: 0,
    startPeriodNs: 0,
    startIntervalNs: 0,
    retries: 0,
  };
  let text = rest;
  while (text.startsWith('--')) {
    const [word = ''] = text.split(/\s/, 1);
    const equals = word.indexOf('=');
    const setting = SETTINGS.get(word.slice(2, equals < 0 ? undefined : equals));
    if (setting === undefined || equals < 0) throw invalid(`unknown flag ${word.slice(0, 60)}`);
    const value = word.slice(equals + 1);
    check[setting] = setting === 'retries' ? count(value) : duration(value);
    text = text.slice(word.length).trim();
  }
  const end = text.search(/\s/);
  const kind = (end < 0 ? text : text.slice(0, end)).toUpperCase();
  const command = end < 0 ? '' : text.slice(end).trim();
  if (kind === 'NONE' && command === '') return { ...check, test: ['NONE'] };
  if (kind !== 'CMD') throw invalid(`unknown type ${kind.slice(0, 40)} (try CMD)`);
  if (command === '') throw invalid('missing command after CMD');
  const words = list(command);
  return { ...check, test: words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words] };
}

/** `1m30s`, and `0` for the engine's own. */
function duration(text: string): number {
  if (text === '0') return 0;
  let ns = 0;
  let left = text.slice(0, 64);
  while (left !== '') {
    const [piece, number, unit = ''] =
      /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|ms|s|m|h)/.exec(left) ?? [];
    if (piece === undefined) throw invalid(`invalid duration ${JSON.stringify(text.slice(0, 64))}`);
    ns += Number(number) * (UNITS.get(unit) ?? 0);
    left = left.slice(piece.length);
  }
  if (ns < LEAST_NS || ns > MOST_NS) throw invalid(`duration ${text.slice(0, 64)} is out of range`);
  return Math.round(ns);
}

function count(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw invalid(`invalid number of retries ${text.slice(0, 40)}`);
  return Number(text);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-change', `HEALTHCHECK: ${message}`);
}
