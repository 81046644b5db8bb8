import { expect, test } from 'bun:test';
import { containerConfig } from '../testing/create-request.ts';
import { logAttributes } from './log-attributes.ts';

const describe = (options: Record<string, string>) =>
  logAttributes({
    id: 'a'.repeat(64),
    name: 'web',
    imageId: `sha256:${'b'.repeat(64)}`,
    config: containerConfig({
      Labels: { team: 'a b', other: 'x' },
      Env: ['MODE=x=y', 'HOME=/'],
      Image: 'starter',
    }),
    hostConfig: { LogConfig: { Type: 'json-file', Config: options } },
  });

test('logAttributes takes the labels and variables that are named, escaped and sorted', () => {
  expect(describe({})).toBe('');
  expect(describe({ labels: 'team,absent', env: 'MODE' })).toBe('MODE=x%3Dy,team=a+b');
  expect(describe({ labels: '__proto__' })).toBe('');
});

test('logAttributes expands the places of a tag and refuses others', () => {
  expect(describe({ tag: '{{.ImageName}}/{{.Name}}/{{.ID}}' })).toBe(
    `tag=starter%2Fweb%2F${'a'.repeat(12)}`,
  );
  expect(() => describe({ tag: '{{.Secret}}' })).toThrow('invalid value for tag');
  expect(() => describe({ tag: '{{.Name' })).toThrow('invalid value for tag');
});
