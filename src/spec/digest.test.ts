import { expect, test } from 'bun:test';
import {
  Digester,
  digestAlgorithm,
  digestHex,
  isDigest,
  parseDigest,
  sha256Digest,
} from './digest.ts';

const hex = '0123456789abcdef'.repeat(4);

test('parseDigest takes sha256 and sha512 in lower case and of the right length', () => {
  expect(digestHex(parseDigest(`sha256:${hex}`))).toBe(hex);
  expect(digestAlgorithm(parseDigest(`sha512:${hex}${hex}`))).toBe('sha512');
});

test('parseDigest refuses anything that could be a path or another algorithm', () => {
  const refused = [
    '',
    'sha256',
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}0`,
    `sha256:${hex.toUpperCase()}`,
    `md5:${hex}`,
    hex,
    `sha256:../../${hex.slice(6)}`,
    `sha512:${hex}`,
    `constructor:${hex}`,
    `sha256:${hex.slice(1)}\n`,
  ];
  for (const text of refused) {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow('invalid digest');
  }
});

test('Digester gives the digest of all pieces and their size', () => {
  const digester = new Digester();
  for (const piece of ['a', '', 'bc']) digester.update(Buffer.from(piece));
  expect(digester.size).toBe(3);
  expect(digester.finish()).toBe(sha256Digest('abc'));
  expect(sha256Digest('')).toBe(
    parseDigest('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
  );
});
