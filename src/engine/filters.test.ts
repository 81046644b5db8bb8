import { expect, test } from 'bun:test';
import { lacksLabels, matchesLabels, parseUntil } from './filters.ts';
import { matchesGlob } from './images/filter.ts';

test('matchesLabels wants every key and value, lacksLabels none of them', () => {
  const labels = { a: '1', b: '' };
  expect(matchesLabels(labels, ['a', 'a=1', 'b='])).toBe(true);
  expect(matchesLabels(labels, ['a=2'])).toBe(false);
  expect(matchesLabels(labels, ['toString'])).toBe(false);
  expect(lacksLabels(labels, ['c', 'a=2'])).toBe(true);
  expect(lacksLabels(labels, ['b'])).toBe(false);
});

test('parseUntil takes durations, seconds and dates', () => {
  const until = (text: string) => parseUntil(new Map([['until', [text]]])) ?? 0;
  const at = until('1h30m');
  expect(at).toBeLessThanOrEqual(Date.now() - 5_400_000);
  expect(until('1700000000')).toBe(1_700_000_000_000);
  expect(until('2024-01-01T00:00:00Z')).toBe(Date.parse('2024-01-01T00:00:00Z'));
  expect(() => until('10x')).toThrow('failed to parse value as time or duration: "10x"');
});

test('matchesGlob follows path patterns and stays linear on hostile ones', () => {
  expect(matchesGlob('alpine:3', 'alp*')).toBe(true);
  expect(matchesGlob('a/alpine', 'alp*')).toBe(false);
  expect(matchesGlob('a/b:1', '*/b:?')).toBe(true);
  expect(matchesGlob('a/b', '*')).toBe(false);
  expect(matchesGlob('a'.repeat(20_000), `${'*a'.repeat(200)}b`)).toBe(false);
});
