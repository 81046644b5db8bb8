import { expect, test } from 'bun:test';
import {
  familiarName,
  familiarReference,
  formatReference,
  isLoopbackRegistry,
  isTag,
  parseReference,
  withDefaultTag,
} from './reference.ts';

const hex = 'a'.repeat(64);

test('parseReference fills in what Docker assumes', () => {
  const complete: Record<string, string> = {
    alpine: 'docker.io/library/alpine',
    'alpine:3.20': 'docker.io/library/alpine:3.20',
    'user/app': 'docker.io/user/app',
    'a/b/c': 'docker.io/a/b/c',
    'index.docker.io/alpine': 'docker.io/library/alpine',
    'docker.io/alpine': 'docker.io/library/alpine',
    'localhost/app': 'localhost/app',
    'localhost:5000/app:v1': 'localhost:5000/app:v1',
    '127.0.0.1:5000/a/b': '127.0.0.1:5000/a/b',
    '[::1]:5000/app': '[::1]:5000/app',
    'registry.example.com/team/app:1.0_rc-2': 'registry.example.com/team/app:1.0_rc-2',
    'Registry.Example/app': 'Registry.Example/app',
    'HOST/app': 'HOST/app',
    'a__b--c.d_e': 'docker.io/library/a__b--c.d_e',
    [`alpine@sha256:${hex}`]: `docker.io/library/alpine@sha256:${hex}`,
    [`alpine:3@sha256:${hex}`]: `docker.io/library/alpine:3@sha256:${hex}`,
    [`x:5000/a:b@sha512:${hex}${hex}`]: `x:5000/a:b@sha512:${hex}${hex}`,
  };
  for (const [text, expected] of Object.entries(complete)) {
    expect(formatReference(parseReference(text))).toBe(expected);
  }
});

test('parseReference refuses what the grammar does not have', () => {
  const refused = [
    '',
    ':tag',
    '@',
    'a:',
    'a:b:c',
    'a//b',
    '/a',
    'a/',
    '-a',
    'a-',
    '.a',
    'a..b',
    'a___b',
    'a._b',
    'a b',
    'ä',
    'a:ä',
    `a:${'t'.repeat(129)}`,
    'a:-t',
    'a:.t',
    `a@sha256:${hex.slice(1)}`,
    `a@sha256:${hex.toUpperCase()}`,
    `a@md5:${hex}`,
    'host:x/a',
    'host:99999/a',
    'ho_st.x/a',
    '-host.x/a',
    '[::1/a',
    '[x]:5/a',
    'a\0b',
    'a\nb',
    '../a',
    'a/../b',
    'x'.repeat(5000),
  ];
  for (const text of refused)
    expect(() => parseReference(text)).toThrow('invalid reference format');
});

test("parseReference uses Docker's words for capitals, ids and long names", () => {
  expect(() => parseReference('x/Y')).toThrow(
    'invalid reference format: repository name (x/Y) must be lowercase',
  );
  expect(() => parseReference('Alpine')).toThrow(
    'invalid reference format: repository name (library/Alpine) must be lowercase',
  );
  expect(() => parseReference(hex)).toThrow('cannot specify 64-byte hexadecimal strings');
  expect(() => parseReference(`a/${'b'.repeat(255)}`)).toThrow(
    'must not be more than 255 characters',
  );
});

test('familiarName and familiarReference drop what parseReference fills in', () => {
  for (const text of [
    'alpine',
    'alpine:3',
    'user/app:1',
    'localhost:5000/app',
    `a/b@sha256:${hex}`,
  ]) {
    expect(familiarReference(parseReference(text))).toBe(text);
  }
  expect(familiarName(parseReference('docker.io/library/alpine:3'))).toBe('alpine');
  expect(familiarName(parseReference('docker.io/library/a/b'))).toBe('library/a/b');
});

test('withDefaultTag adds latest only where nothing tells the version', () => {
  expect(formatReference(withDefaultTag(parseReference('a')))).toBe('docker.io/library/a:latest');
  expect(withDefaultTag(parseReference('a:1')).tag).toBe('1');
  expect(withDefaultTag(parseReference(`a@sha256:${hex}`)).tag).toBeUndefined();
});

test('isLoopbackRegistry knows this machine and nothing else', () => {
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:1', '127.9.9.9', '[::1]:5000']) {
    expect(isLoopbackRegistry(host)).toBe(true);
  }
  for (const host of [
    'docker.io',
    '128.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '[::2]',
  ]) {
    expect(isLoopbackRegistry(host)).toBe(false);
  }
});

test('isTag accepts word characters, dots and dashes after the first', () => {
  for (const tag of ['a', '_', '1.2-3', 'X'.repeat(128)]) expect(isTag(tag)).toBe(true);
  for (const tag of ['', '.', '-a', 'a/b', 'a:b', 'X'.repeat(129)]) expect(isTag(tag)).toBe(false);
});

test("familiarName keeps the default registry where the short form would name somebody else's", () => {
  const reference = parseReference('docker.io/evil.example/app:1');
  expect(reference.registry).toBe('docker.io');
  expect(familiarReference(reference)).toBe('docker.io/evil.example/app:1');
  expect(parseReference(familiarReference(reference))).toEqual(reference);
});
