import { expect, test } from 'bun:test';
import { FlagError, parseFlags } from './parse.ts';
import { type FlagSpec, splitCommas } from './spec.ts';

const specs: readonly FlagSpec[] = [
  { name: 'interactive', short: 'i', kind: 'bool', help: '' },
  { name: 'tty', short: 't', kind: 'bool', help: '' },
  { name: 'rm', kind: 'bool', help: '' },
  { name: 'sig-proxy', kind: 'bool', help: '', fallback: 'true' },
  { name: 'publish', short: 'p', kind: 'list', help: '' },
  { name: 'name', kind: 'string', help: '' },
  { name: 'memory', short: 'm', kind: 'size', help: '' },
  { name: 'cpus', kind: 'nanocpus', help: '' },
  { name: 'network', kind: 'string', help: '', aliases: ['net'] },
];

const parse = (...argv: string[]) => parseFlags(specs, argv, { interspersed: false });

test('parseFlags reads long, short, grouped, joined and assigned forms', () => {
  const { values, args } = parse(
    ...['-it', '-p8080:80', '-p', '1:2', '-p=3:4', '--name=a', '--net', 'host', '--rm=false'],
    ...['-m64m', '--cpus', '1.5', 'image', '-x', '--rm'],
  );
  expect(values.bool('interactive') && values.bool('tty')).toBe(true);
  expect(values.list('publish')).toEqual(['8080:80', '1:2', '3:4']);
  expect(values.text('name')).toBe('a');
  expect(values.text('network')).toBe('host');
  expect(values.bool('rm')).toBe(false);
  expect(values.bool('sig-proxy')).toBe(true);
  expect(values.number('memory')).toBe(64 * 2 ** 20);
  expect(values.number('cpus')).toBe(1.5e9);
  expect(args).toEqual(['image', '-x', '--rm']);
});

test('parseFlags takes flags after positionals when interspersed, and none after --', () => {
  const { values, args } = parseFlags(specs, ['a', '--rm', 'b', '--', '--tty'], {
    interspersed: true,
  });
  expect(values.bool('rm')).toBe(true);
  expect(args).toEqual(['a', 'b', '--tty']);
});

test('parseFlags takes a group that ends in a flag with a value', () => {
  const { values } = parse('-itp', '5:6');
  expect(values.list('publish')).toEqual(['5:6']);
  expect(parse('-itp5:6').values.list('publish')).toEqual(['5:6']);
});

test.each([
  [['--foo'], 'unknown flag: --foo'],
  [['-z'], "unknown shorthand flag: 'z' in -z"],
  [['-iz'], "unknown shorthand flag: 'z' in -z"],
  [['--name'], 'flag needs an argument: --name'],
  [['-p'], "flag needs an argument: 'p' in -p"],
  [['--=x'], 'bad flag syntax: --=x'],
  [
    ['--rm=x'],
    'invalid argument "x" for "--rm" flag: strconv.ParseBool: parsing "x": invalid syntax',
  ],
  [['-m', '12q'], `invalid argument "12q" for "-m, --memory" flag: invalid suffix: 'q'`],
  [
    ['--cpus', 'abc'],
    'invalid argument "abc" for "--cpus" flag: failed to parse abc as a rational number',
  ],
  [
    ['--cpus', '0.0000000001'],
    'invalid argument "0.0000000001" for "--cpus" flag: value is too precise',
  ],
])('parseFlags refuses %p with the words of docker', (argv, message) => {
  expect(() => parse(...argv)).toThrow(new FlagError(message));
});

test('parseFlags knows --help, and -h unless it is another flag', () => {
  expect(parse('--help').help).toBe(true);
  expect(parse('-h').help).toBe(true);
  const hostname: FlagSpec = { name: 'hostname', short: 'h', kind: 'string', help: '' };
  const parsed = parseFlags([hostname], ['-h', 'x'], { interspersed: false });
  expect(parsed.help).toBe(false);
  expect(parsed.values.text('hostname')).toBe('x');
});

test('splitCommas splits, keeps quoted commas and refuses a torn quote', () => {
  expect(splitCommas('a,b,,c')).toEqual(['a', 'b', '', 'c']);
  expect(splitCommas('"a,b",c')).toEqual(['a,b', 'c']);
  expect(splitCommas('type=bind,"src=/a,""b"')).toEqual(['type=bind', 'src=/a,"b']);
  expect(() => splitCommas('"a')).toThrow('quoted-field');
  expect(() => splitCommas('"a"b')).toThrow('quoted-field');
});
