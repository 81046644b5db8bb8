import { expect, test } from 'bun:test';
import { ioWeight } from './blkio.ts';
import { weightOfShares } from './cpu.ts';
import { oomKills, peakMemory } from './oom.ts';

test('weightOfShares: both ends and both defaults meet, and more shares never weigh less', () => {
  expect([0, 2, 1024, 262_144, 1e9].map(weightOfShares)).toEqual([1, 1, 100, 10_000, 10_000]);
  const weights = Array.from({ length: 18 }, (_, power) => weightOfShares(2 ** (power + 1)));
  expect(weights).toEqual(weights.toSorted((a, b) => a - b));
});

test('ioWeight: 10 to 1000 spreads over 1 to 10000', () => {
  expect([1, 10, 500, 1000].map(ioWeight)).toEqual([1, 1, 4950, 10_000]);
});

test('oomKills and peakMemory: read from the captures of either version, nothing is zero', () => {
  const v1 = new Map([
    ['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n'],
    ['memory.max_usage_in_bytes', '4096\n'],
  ]);
  const v2 = new Map([
    ['memory.events', 'low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\n'],
    ['memory.peak', '8192\n'],
  ]);
  expect([v1, v2, new Map<string, string>()].map(oomKills)).toEqual([3, 2, 0]);
  expect([v1, v2, new Map<string, string>()].map(peakMemory)).toEqual([4096, 8192, undefined]);
});
