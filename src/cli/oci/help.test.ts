import { expect, test } from 'bun:test';
import { parseDuration } from './events-flags.ts';
import { HELP, helpText } from './help.ts';
import { FLAG_WORDS } from './help-words.ts';
import { GLOBALS, TABLES } from './tables.ts';
import { VERBS } from './verbs.ts';

test('FLAG_WORDS words every flag of every table and no other', () => {
  const known = [GLOBALS, ...Object.values(TABLES)].flatMap(({ flags }) => Object.keys(flags));
  expect([...new Set(known)].sort()).toEqual(Object.keys(FLAG_WORDS).sort());
});

test('helpText knows every verb, and HELP lists it', () => {
  for (const name of Object.keys(TABLES)) {
    expect(helpText(name)).toContain(`Usage: tiffin oci ${name} `);
    expect(HELP).toContain(`\n  ${name} `);
  }
  expect(Object.keys(VERBS).sort()).toEqual([...Object.keys(TABLES), 'report-failure'].sort());
});

test('parseDuration reads what Go writes', () => {
  expect(['5s', '1m30s', '100ms', '1.5h', '0', '-2s'].map(parseDuration)).toEqual([
    5000, 90_000, 100, 5_400_000, 0, -2000,
  ]);
  expect(['', '5', 's', '1d', '1s!', '-'].map(parseDuration)).toEqual(new Array(6).fill(undefined));
});
