import { expect, test } from 'bun:test';
import { parseChallenge } from './challenge.ts';

test('parseChallenge reads quoted parameters with commas inside', () => {
  const challenge = parseChallenge(
    'Bearer realm="https://a/token",service="b",scope="repository:x:pull,push"',
  );
  expect(challenge?.scheme).toBe('bearer');
  expect(Object.fromEntries(challenge?.parameters ?? [])).toEqual({
    realm: 'https://a/token',
    service: 'b',
    scope: 'repository:x:pull,push',
  });
});

test('parseChallenge prefers Bearer to Basic in one header', () => {
  expect(parseChallenge('Basic realm="x", Bearer realm="y"')?.parameters.get('realm')).toBe('y');
});

test('parseChallenge knows nothing of other schemes and of headers without end', () => {
  expect(parseChallenge('Negotiate abc')).toBeUndefined();
  expect(parseChallenge(`Bearer realm="${'x'.repeat(10_000)}"`)).toBeUndefined();
});

test('parseChallenge survives what is no challenge at all', () => {
  for (const text of ['', '"', ',,,', '=', 'Bearer', 'Bearer realm="unfinished', 'basic =x']) {
    expect(() => parseChallenge(text)).not.toThrow();
  }
});
