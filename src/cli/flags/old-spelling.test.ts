/** Old spellings: each means what it meant, none stands in the way of a flag of today, none is shown. */

import { expect, test } from 'bun:test';
import { commands } from '../commands.ts';
import { complete } from '../completion/complete.ts';
import { fakeApi } from '../testing/fake-api.ts';
import { commandHelp } from './help.ts';
import { oldWords } from './old-spelling.ts';
import { FlagError, parseFlags } from './parse.ts';
import type { FlagSpec } from './spec.ts';

const specs: readonly FlagSpec[] = [
  { name: 'no-trunc', kind: 'bool', help: '', deprecated: ['-notrunc'] },
  { name: 'name', kind: 'string', help: '', deprecated: ['-name'] },
  { name: 'label', short: 'l', kind: 'list', help: '' },
  {
    name: 'filter',
    kind: 'list',
    help: '',
    deprecated: [{ word: '--since', today: (text) => `since=${text}`, instead: '--filter since=' }],
  },
  {
    name: 'network',
    kind: 'list',
    help: '',
    deprecated: [{ word: '-n', kind: 'bool', today: (on) => (on === 'true' ? undefined : 'none') }],
  },
  { name: 'email', kind: 'string', help: '', hidden: true, obsolete: true, deprecated: ['-e'] },
  { name: 'tree', kind: 'bool', help: '', hidden: true, refused: 'no', deprecated: ['--tree'] },
];
const parse = (...argv: string[]) => parseFlags(specs, argv, { interspersed: true });

test('parseFlags takes an old spelling for its flag and warns in docker’s words', () => {
  const { values, args, warnings } = parse(...['-notrunc', '-name=a', '-lx', 'b', '-e', 'me@x']);
  expect(values.bool('no-trunc')).toBe(true);
  expect(values.text('name')).toBe('a');
  expect(values.list('label')).toEqual(['x']);
  expect(args).toEqual(['b']);
  expect(warnings).toEqual([
    "Warning: '-notrunc' is deprecated, it will be replaced by '--no-trunc' soon. See usage.",
    "Warning: '-name' is deprecated, it will be replaced by '--name' soon. See usage.",
    "Warning: '-e' is deprecated, it will be removed soon. See usage.",
  ]);
});

test('parseFlags translates the value of an old spelling', () => {
  const { values, warnings } = parse('--since', 'x', '-n=false', '-n');
  expect(values.list('filter')).toEqual(['since=x']);
  expect(values.list('network')).toEqual(['none']);
  expect(warnings[0]).toContain("replaced by '--filter since='");
});

test.each([
  [['--tree'], '--tree: no'],
  [['-name'], 'flag needs an argument: -name'],
  [['--email=x'], 'unknown flag: --email'],
  [['-n=x'], 'invalid argument "x" for "-n" flag: strconv.ParseBool: parsing "x": invalid syntax'],
] as const)('parseFlags refuses %p of the old spellings', (argv, message) => {
  expect(() => parse(...argv)).toThrow(new FlagError(message));
});

test('oldWords of every command hide no flag of today, and help and completion show none', async () => {
  let seen = 0;
  for (const entry of commands) {
    const command = await entry.load();
    const live = command.flags.filter((flag) => !flag.obsolete && flag.refused === undefined);
    const today = live.flatMap(({ name, short, aliases }) => [
      ...[name, ...(aliases ?? [])].map((long) => `--${long}`),
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    const old = [...oldWords(command.flags).keys()];
    seen += old.length;
    expect({ command: entry.names[0], both: old.filter((word) => today.includes(word)) }).toEqual({
      command: entry.names[0],
      both: [],
    });
    const words = commandHelp(command, ['tiffin']).split(/[\s,]+/);
    const { candidates } = await complete([...entry.names[0].split(' '), '-'], async () => []);
    const shown = [...words, ...candidates.map(({ word }) => word)];
    expect(old.filter((word) => shown.includes(word))).toEqual([]);
  }
  expect(seen).toBeGreaterThan(60);
});

test('pull -t and push -t put the tag behind the name, with a warning', async () => {
  await using api = await fakeApi({ answers: { 'POST /images/': [200, {}] } });
  const warning = (word: string) =>
    `Warning: '${word}' is deprecated, it will be replaced by 'NAME:TAG' soon. See usage.\n`;
  const pulled = await api.run(['pull', '-t', '1.2', 'box']);
  expect(pulled.stderr).toStartWith(warning('-t'));
  const pushed = await api.run(['push', '--tag=1.2', 'box']);
  expect(pushed.stderr).toStartWith(warning('--tag'));
  expect(api.asked.map(({ path, query }) => [path, query.get('tag')])).toEqual([
    ['/images/create', '1.2'],
    ['/images/box/push', '1.2'],
  ]);
});

test('search takes -s, --automated and -trusted as filters, with a warning', async () => {
  await using api = await fakeApi({ answers: { 'GET /images/search': [200, []] } });
  const found = await api.run(['search', '-s', '3', '--automated', '-trusted=false', 'box']);
  expect(found.stderr).toBe(
    [
      ['-s', '--filter stars='],
      ['--automated', '--filter is-automated='],
      ['-trusted', '--filter is-automated='],
    ]
      .map(
        ([old, now]) =>
          `Warning: '${old}' is deprecated, it will be replaced by '${now}' soon. See usage.\n`,
      )
      .join(''),
  );
  const filters = JSON.parse(api.asked[0]?.query.get('filters') ?? '');
  expect(filters).toEqual({ stars: ['3'], 'is-automated': ['true', 'false'] });
});
