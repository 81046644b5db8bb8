import { expect, test } from 'bun:test';
import { type FlagTable, parseFlags, parseMixed } from './flags.ts';
import { TABLES } from './tables.ts';
import { readResources } from './update-flags.ts';

const table: FlagTable = {
  flags: { bundle: 'text', detach: 'switch', env: 'list', count: 'number' },
  short: { b: 'bundle', d: 'detach', e: 'env' },
};

test('parseFlags takes one dash or two, with = or the next argument', () => {
  for (const argv of [['--bundle', 'x'], ['-bundle=x'], ['--bundle=x'], ['-b', 'x']]) {
    expect(parseFlags([...argv, 'id'], table).flags.text('bundle')).toBe('x');
  }
});

test('parseFlags stops at the first argument, so that a program keeps its own flags', () => {
  const { flags, rest } = parseFlags(['-d', '-e', 'A=b', '-e', 'C=d', 'id', 'ls', '-d'], table);
  expect(flags.has('detach')).toBe(true);
  expect(flags.list('env')).toEqual(['A=b', 'C=d']);
  expect(rest).toEqual(['id', 'ls', '-d']);
});

test('parseMixed takes flags behind the arguments too', () => {
  const { flags, rest } = parseMixed(['id', '--detach', '--', '-x'], table);
  expect(flags.has('detach')).toBe(true);
  expect(rest).toEqual(['id', '-x']);
});

test('parseFlags refuses what it does not know, and names of prototypes', () => {
  expect(() => parseFlags(['--other'], table)).toThrow('flag provided but not defined: -other');
  expect(() => parseFlags(['--constructor', 'x'], table)).toThrow('not defined: -constructor');
  expect(() => parseFlags(['--bundle'], table)).toThrow('flag needs an argument: -bundle');
});

test('Flags.number refuses what is no number', () => {
  expect(parseFlags(['--count', '3'], table).flags.number('count', 0)).toBe(3);
  expect(() => parseFlags(['--count', '-3'], table).flags.number('count', 0)).toThrow('-count');
});

test('readResources turns the flags of update into a document', () => {
  const { flags } = parseMixed(
    ['--memory', '64m', '--cpu-quota', '-1', '--cpuset-cpus', '0-1'],
    TABLES.update,
  );
  expect(readResources(flags)).toEqual({
    memory: { limit: 64 * 2 ** 20 },
    cpu: { quota: -1, cpus: '0-1' },
  });
});

test('parseFlags takes letters behind one dash, the last with its value', () => {
  const { flags, rest } = parseFlags(['-dbdir', '-dd', '-de', 'A=b', 'id'], table);
  expect(flags.text('bundle')).toBe('dir');
  expect(flags.has('detach')).toBe(true);
  expect(flags.list('env')).toEqual(['A=b']);
  expect(rest).toEqual(['id']);
  expect(() => parseFlags(['-dx'], table)).toThrow('not defined: -dx');
  expect(() => parseFlags(['--dd'], table)).toThrow('not defined: -dd');
});

test('parseFlags reads switches as Go does', () => {
  expect(parseFlags(['--detach=F'], table).flags.has('detach')).toBe(false);
  expect(parseFlags(['--detach=1'], table).flags.has('detach')).toBe(true);
  expect(() => parseFlags(['--detach=no'], table)).toThrow('invalid boolean value "no"');
});

test('readResources refuses sizes and numbers that are none', () => {
  const read = (...argv: string[]) => readResources(parseMixed(argv, TABLES.update).flags);
  expect(read('--memory', '1.5GiB', '--memory-swap=-1')).toEqual({
    memory: { limit: 1.5 * 2 ** 30, swap: -1 },
  });
  for (const argv of [
    ['--memory', '-2'],
    ['--memory', '9999999999t'],
    ['--cpu-period', '1k'],
    ['--cpu-shares', '-1'],
    ['--pids-limit', 'many'],
  ]) {
    expect(() => read(...argv)).toThrow('invalid value for');
  }
});
