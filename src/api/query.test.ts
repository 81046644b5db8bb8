import { expect, test } from 'bun:test';
import { parseFilters } from './filters.ts';
import { Query } from './query.ts';
import { parseRegistryAuth } from './registry-auth.ts';
import { noContent } from './reply.ts';
import { Router } from './router.ts';
import { splitVersion } from './version.ts';

test('Query.flag reads true and false as Docker does', () => {
  const query = new Query('a=1&b=true&c=yes&d=0&e=False&f=&g=none&h=no');
  const read = [...'abcdefgh'].map((name) => query.flag(name));
  expect(read).toEqual([true, true, true, false, false, false, false, false]);
  expect(query.flag('absent')).toBe(false);
  expect(query.flag('absent', true)).toBe(true);
});

test('Query.integer takes whole numbers within its range only', () => {
  const query = new Query('a=10&b=-1&c=1.5&d=0x10&e=&f=99999999999999999999&g=10x');
  expect(query.integer('a', 0, 10)).toBe(10);
  expect(query.integer('b', -1, 10)).toBe(-1);
  expect(query.integer('e', 0, 1)).toBeUndefined();
  expect(query.integer('z', 0, 1)).toBeUndefined();
  for (const name of 'cdfg') {
    expect(() => query.integer(name, 0, 1e16)).toThrow(`bad parameter: ${name}=`);
  }
  expect(() => query.integer('a', 0, 9)).toThrow('from 0 to 9');
});

test('Query.timestamp reads seconds with a fraction exactly', () => {
  const query = new Query('a=1767323045.000000006&b=12&c=0&d=yesterday&e=1.5e3');
  expect(query.timestamp('a')).toBe(1_767_323_045_000_000_006n);
  expect(query.timestamp('b')).toBe(12_000_000_000n);
  expect(query.timestamp('c')).toBeUndefined();
  expect(() => query.timestamp('d')).toThrow('not seconds since 1970');
  expect(() => query.timestamp('e')).toThrow('not seconds since 1970');
});

test('parseFilters reads both forms and refuses names it does not know', () => {
  const read = (filters: string) =>
    Object.fromEntries(
      parseFilters(new Query(`filters=${encodeURIComponent(filters)}`), 'containers'),
    );
  expect(read('{"label":["a=b","c"],"status":["exited"]}')).toEqual({
    label: ['a=b', 'c'],
    status: ['exited'],
  });
  expect(read('{"label":{"a=b":true,"off":false}}')).toEqual({ label: ['a=b'] });
  expect(read('null')).toEqual({});
  expect(parseFilters(new Query(''), 'containers').size).toBe(0);
  expect(() => read('{"colour":["red"]}')).toThrow("invalid filter 'colour'");
  expect(() => read('{"__proto__":["red"]}')).toThrow("invalid filter '__proto__'");
  expect(() => read('{"label":[1]}')).toThrow("invalid filter 'label': a value is not a string");
  expect(() => read('{"label":"a"}')).toThrow('neither a list nor an object');
  expect(() => read('[]')).toThrow('not an object');
  expect(() => read('{')).toThrow('not JSON');
});

test('parseRegistryAuth reads both alphabets and never repeats a secret', () => {
  const encode = (value: unknown, kind: 'base64' | 'base64url') =>
    Buffer.from(JSON.stringify(value)).toString(kind);
  const auth = { username: 'ü?>', password: 'p>>>???' };
  expect(parseRegistryAuth(encode(auth, 'base64url'))).toEqual(auth);
  expect(parseRegistryAuth(encode(auth, 'base64'))).toEqual(auth);
  const pair = Buffer.from('u:p:q').toString('base64');
  expect(parseRegistryAuth(encode({ auth: pair }, 'base64url'))).toEqual({
    username: 'u',
    password: 'p:q',
  });
  expect(parseRegistryAuth(undefined)).toBeUndefined();
  expect(parseRegistryAuth(encode({ username: '' }, 'base64'))).toBeUndefined();
  expect(parseRegistryAuth(encode(null, 'base64'))).toBeUndefined();
  const secret = Buffer.from('{"password":"hunter2"').toString('base64');
  expect(() => parseRegistryAuth(secret)).toThrow(/^invalid X-Registry-Auth header/);
});

test('Router gives a name of several segments to a star and one to a plain parameter', () => {
  const router = new Router([
    ['GET', '/images/json', () => noContent],
    ['GET', '/images/{name*}/json', () => noContent],
    ['GET', '/containers/{id}', () => noContent],
  ]);
  const nameOf = (path: string) => router.find('GET', path)?.parameters.get('name');
  expect(nameOf('/images/json')).toBe('');
  expect(nameOf('/images/a/json')).toBe('a');
  expect(nameOf('/images/host:5000/a/b:c/json')).toBe('host:5000/a/b:c');
  expect(nameOf('/images/host%3A5000%2Fa/json')).toBe('host:5000/a');
  expect(router.find('GET', '/images//json')).toBeUndefined();
  expect(router.find('GET', '/containers/a/b')).toBeUndefined();
  expect(router.find('POST', '/images/json')).toBeUndefined();
  expect(() => router.find('GET', '/containers/%zz')).toThrow('invalid escape');
});

test('splitVersion leaves paths alone that only look like a version', () => {
  expect(splitVersion('/v1.41/info')).toEqual({ minor: 41, rest: '/info' });
  expect(splitVersion('/version')).toEqual({ minor: 51, rest: '/version' });
  expect(splitVersion('/volumes/v1.2')).toEqual({ minor: 51, rest: '/volumes/v1.2' });
  expect(() => splitVersion('/v2.0/info')).toThrow('too new');
  expect(() => splitVersion('/v0.9/info')).toThrow('too old');
});
