// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a shell are what is tested
import { expect, test } from 'bun:test';
import { ignoreRules, parseIgnoreFile } from './ignore.ts';
import { pathPattern } from './path-pattern.ts';
import { expandText, expandWord, expandWords } from './words.ts';

const values = new Map([
  ['a', '1'],
  ['empty', ''],
  ['path', '/usr/local/lib'],
  ['words', 'x  y'],
]);
const expansion = { escaper: '\\' as const, lookup: (name: string) => values.get(name) };
const word = (text: string) => expandWord(text, expansion);

test.each([
  ['$a', '1'],
  ['${a}b', '1b'],
  ['$ab', ''],
  ['"$a b"', '1 b'],
  ["'$a'", '$a'],
  ['\\$a', '$a'],
  ['"\\$a \\x"', '$a \\x'],
  ['a\\ b', 'a b'],
  ['${none:-x}', 'x'],
  ['${empty:-x}', 'x'],
  ['${empty-x}', ''],
  ['${none-x}', 'x'],
  ['${a:+x}', 'x'],
  ['${empty:+x}', ''],
  ['${empty+x}', 'x'],
  ['${none+x}', ''],
  ['${none:-${a}-${none:-z}}', '1-z'],
  ['${path#*/}', 'usr/local/lib'],
  ['${path##*/}', 'lib'],
  ['${path%/*}', '/usr/local'],
  ['${path%%/*}', ''],
  ['${path/l/L}', '/usr/Local/lib'],
  ['${path//l/L}', '/usr/LocaL/Lib'],
  ['${path//l}', '/usr/oca/ib'],
  ['${path/us?/x}', '/x/local/lib'],
  ['$', '$'],
  ['a$', 'a$'],
  ['$ a', '$ a'],
])('expandWord makes of %s: %s', (text, expected) => {
  expect(word(text)).toBe(expected);
});

test('expandWord refuses what is not closed, and an unset variable that is required', () => {
  expect(() => word('"a')).toThrow('double-quote');
  expect(() => word("'a")).toThrow('single-quote');
  expect(() => word('${a')).toThrow('bad substitution');
  expect(() => word('${a:-b')).toThrow("missing '}'");
  expect(() => word('${none:?say so}')).toThrow('none: say so');
  expect(() => word('${a:-'.repeat(100))).toThrow('nested deeper');
  const doubling = { ...expansion, lookup: () => 'x'.repeat(600_000) };
  expect(() => expandWord('$a$a', doubling)).toThrow('expands to more');
});

test('expandWords splits what a variable holds, but not what is quoted', () => {
  expect(expandWords('$words "$words" z', expansion)).toEqual(['x', 'y', 'x  y', 'z']);
});

test('expandText leaves quotes alone and keeps an escaped dollar sign', () => {
  expect(expandText('"$a" \\$a \'${a}\' \\n', expansion)).toBe('"1" $a \'1\' \\n');
});

test.each([
  ['*.go', 'a.go', true],
  ['*.go', 'd/a.go', false],
  ['**/*.go', 'a.go', true],
  ['**/*.go', 'd/e/a.go', true],
  ['**/foo', 'barfoo', false],
  ['a/**', 'a/b/c', true],
  ['a/**/c', 'a/c', true],
  ['a/**/c', 'a/b/c', true],
  ['a/**/c', 'a/bc', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
])('pathPattern %s on %s: %p', (pattern, path, expected) => {
  expect(pathPattern(pattern).matches(path)).toBe(expected);
});

test('pathPattern refuses an open set, and takes linear time on hostile ones', () => {
  expect(() => pathPattern('[a')).toThrow('syntax error in pattern');
  expect(pathPattern('*a'.repeat(500)).matches(`${'a'.repeat(4000)}b`)).toBe(false);
});

test('parseIgnoreFile: the last pattern that speaks about a path wins', () => {
  const rules = parseIgnoreFile(
    '# comment\nnode_modules\n*.log\n!keep.log\n/dist/\nsrc/**/*.tmp\n',
  );
  expect(
    ['node_modules', 'node_modules/a/b', 'x.log', 'dist/a', 'src/a/b.tmp'].every(rules.ignores),
  ).toBe(true);
  expect(['keep.log', 'a/x.log', 'src/a.ts'].some(rules.ignores)).toBe(false);
});

test('ignoreRules takes a path below an ignored directory in again', () => {
  const rules = ignoreRules(['*', '!src', '!a/b.txt']);
  expect(rules.ignores('src/x/y')).toBe(false);
  expect(rules.ignores('a/b.txt')).toBe(false);
  expect(rules.ignores('a/c.txt')).toBe(true);
  expect(rules.mayKeepBelow('a')).toBe(true);
  expect(rules.mayKeepBelow('z')).toBe(false);
});
