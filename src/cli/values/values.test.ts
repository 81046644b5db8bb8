import { expect, test } from 'bun:test';
import { ageInWords, formatDuration, parseDuration } from './duration.ts';
import { parseInteger, parseUint16 } from './number.ts';
import { binarySize, decimalSize, parseSize, parseSizeOrUnlimited } from './size.ts';
import { apiTimestamp, localTime } from './time.ts';

test.each([
  ['512', 512],
  ['64m', 67108864],
  ['64MiB', 67108864],
  ['1.5g', 1610612736],
  ['1 kb', 1024],
  ['10b', 10],
  ['0', 0],
])('parseSize reads %p as %p', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', 'm', '-1', '1..5m', '12q', '1e3x', '999999999999999999999', '0x10'])(
  'parseSize refuses %p',
  (text) => {
    expect(() => parseSize(text)).toThrow();
  },
);

test('parseSizeOrUnlimited takes -1', () => {
  expect(parseSizeOrUnlimited('-1')).toBe(-1);
});

test.each([
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [4210000, '4.21MB'],
  [12345678, '12.35MB'],
  [1234567890123, '1.235TB'],
])('decimalSize prints %p as %p', (bytes, text) => {
  expect(decimalSize(bytes)).toBe(text);
});

test.each([
  [0, '0B'],
  [1024, '1KiB'],
  [8219627520, '7.655GiB'],
  [1536 * 1024, '1.5MiB'],
])('binarySize prints %p as %p', (bytes, text) => {
  expect(binarySize(bytes)).toBe(text);
});

test.each([
  ['1h30m', 5400e9],
  ['1.5s', 1.5e9],
  ['300ms', 3e8],
  ['-2m', -120e9],
  ['0', 0],
])('parseDuration reads %p', (text, ns) => {
  expect(parseDuration(text)).toBe(ns);
});

test.each([
  ['1', 'time: missing unit in duration "1"'],
  ['', 'time: invalid duration ""'],
  ['x', 'time: invalid duration "x"'],
  ['1y', 'time: unknown unit "y" in duration "1y"'],
])('parseDuration refuses %p', (text, message) => {
  expect(() => parseDuration(text)).toThrow(message);
});

test('formatDuration prints as Go does', () => {
  expect([0, 3e8, 1.5e9, 90e9, 5400e9].map(formatDuration)).toEqual([
    '0s',
    '300ms',
    '1.5s',
    '1m30s',
    '1h30m0s',
  ]);
});

test.each([
  [0.5, 'Less than a second'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [150, '2 minutes'],
  [3600, 'About an hour'],
  [5400, '2 hours'],
  [47 * 3600, '47 hours'],
  [72 * 3600, '3 days'],
  [15 * 86400, '2 weeks'],
  [70 * 86400, '2 months'],
  [800 * 86400, '2 years'],
])('ageInWords says %p seconds as %p', (seconds, words) => {
  expect(ageInWords(seconds)).toBe(words);
});

test('parseInteger and parseUint16 keep to their ranges', () => {
  expect(parseInteger('-5')).toBe(-5);
  expect(() => parseInteger('9223372036854775808')).toThrow('value out of range');
  expect(() => parseInteger('1x')).toThrow('invalid syntax');
  expect(parseUint16('65535')).toBe(65535);
  expect(() => parseUint16('65536')).toThrow('value out of range');
});

test('apiTimestamp takes seconds, dates and durations before now', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  expect(apiTimestamp('1700000000.5', now)).toBe('1700000000.5');
  expect(apiTimestamp('2013-01-02T13:23:37.25Z', now)).toBe('1357133017.250000000');
  expect(apiTimestamp('10m', now)).toBe(`${now / 1000 - 600}.000000000`);
  expect(() => apiTimestamp('yesterday', now)).toThrow(
    'failed to parse value as time or duration: "yesterday"',
  );
});

test('localTime prints day, clock, offset and zone', () => {
  expect(localTime(1700000000)).toMatch(/^2023-11-1\d \d\d:\d\d:20 [+-]\d{4} \S+$/);
});
