/** Sizes in and out. In: `64m`, `1.5GiB`, `512` are powers of 1024. Out: `12.3MB` (1000) and `1.2GiB` (1024). */

import { ValueError } from './number.ts';

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
  ['p', 2 ** 50],
]);

/** Bytes of a size such as `64m`, `64MiB`, `1.5g`. */
export function parseSize(text: string): number {
  const split = lastDigit(text) + 1;
  if (split === 0) throw new ValueError(`invalid size: '${text}'`);
  const digits = text.slice(0, split);
  if (!/^[0-9]{1,20}(?:\.[0-9]{1,20})?$/.test(digits))
    throw new ValueError(`invalid size: '${text}'`);
  const suffix = text.slice(split).trimStart();
  const unit = SUFFIXES.get(suffix.toLowerCase().replace(/^([kmgtp])i?b$/, '$1'));
  if (unit === undefined) throw new ValueError(`invalid suffix: '${suffix}'`);
  const bytes = Math.trunc(Number(digits) * unit);
  if (!Number.isSafeInteger(bytes)) throw new ValueError(`invalid size: '${text}'`);
  return bytes;
}

/** `--memory-swap`: a size, or -1 for no limit. */
export function parseSizeOrUnlimited(text: string): number {
  return text === '-1' ? -1 : parseSize(text);
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Powers of 1000; three or four significant digits: `4.21MB`. */
export function decimalSize(bytes: number, digits = 4): string {
  return scale(bytes, 1000, DECIMAL_UNITS, digits);
}

/** Powers of 1024, four significant digits: `7.655GiB`. */
export function binarySize(bytes: number): string {
  return scale(bytes, 1024, BINARY_UNITS, 4);
}

function lastDigit(text: string): number {
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) return at;
  }
  return -1;
}

function scale(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${significant(value, digits)}${units[unit]}`;
}

/** C's `%.{digits}g`. */
export function significant(value: number, digits: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (power < -4 || power >= digits) {
    const sign = power < 0 ? '-' : '+';
    return `${trim(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return trim(value.toFixed(digits - 1 - power));
}
