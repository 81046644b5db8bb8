import { expect, test } from 'bun:test';
import { constants } from 'node:os';
import { parseRlimit, RLIMIT_UNLIMITED, rlimitValue } from './rlimits.ts';
import { parseSignal, SIGNALS, signalName } from './signals.ts';

test('SIGNALS: the numbers are those of this machine', () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    if (name in { SIGBREAK: 1, SIGLOST: 1, SIGINFO: 1 }) continue;
    expect(`${name} ${parseSignal(name)}`).toBe(`${name} ${number}`);
  }
  expect(Object.keys(SIGNALS)).toHaveLength(31);
});

test('parseSignal: names in any case with and without SIG, numbers, realtime signals', () => {
  for (const text of ['SIGTERM', 'sigterm', 'TERM', 'term', '15']) {
    expect(parseSignal(text)).toBe(15);
  }
  expect(['SIGRTMIN', 'RTMIN+3', 'sigrtmin+30', 'SIGRTMAX', 'rtmax-1'].map(parseSignal)).toEqual([
    34, 37, 64, 64, 63,
  ]);
});

test('parseSignal: refuses 0, numbers above 64, unknown names and realtime signals out of range', () => {
  const wrong = [
    '',
    '0',
    '65',
    '-9',
    '9 ',
    '1e1',
    'SIG',
    'FOO',
    'RTMIN+31',
    'RTMIN-1',
    'RTMAX+1',
    'toString',
  ];
  for (const text of wrong) expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});

test('signalName: names every number that has one', () => {
  expect([9, 15, 34, 37, 64, 33].map(signalName)).toEqual([
    'SIGKILL',
    'SIGTERM',
    'SIGRTMIN',
    'SIGRTMIN+3',
    'SIGRTMIN+30',
    '33',
  ]);
});

test('parseRlimit: finds the number by any form of the name', () => {
  for (const text of ['nofile', 'NOFILE', 'RLIMIT_NOFILE', 'rlimit_nofile']) {
    expect(parseRlimit(text)).toEqual({ name: 'RLIMIT_NOFILE', number: 7 });
  }
  expect(parseRlimit('rttime')?.number).toBe(15);
  expect(parseRlimit('RLIMIT_')).toBeUndefined();
});

test('rlimitValue: -1 and what does not fit are unlimited', () => {
  expect([0, 1024, -1, 2 ** 64].map(rlimitValue)).toEqual([
    0n,
    1024n,
    RLIMIT_UNLIMITED,
    RLIMIT_UNLIMITED,
  ]);
});
