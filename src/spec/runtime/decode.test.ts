import { expect, test } from 'bun:test';
import { exactUint64, parseExactJson, uint64 } from './decode.ts';

test('parseExactJson: integers beyond 2^53 stay what is written, everything else is as JSON.parse gives it', () => {
  const text =
    '{"a":9007199254740993,"b":-9007199254740993,"c":1e300,"d":"9007199254740993","e":12.5,"f":18446744073709551616}';
  expect(parseExactJson(text)).toEqual({
    a: 9007199254740993n,
    b: -9007199254740993n,
    c: 1e300,
    d: '9007199254740993',
    e: 12.5,
    f: 18446744073709551616n,
  });
  expect(parseExactJson('{"a":1}')).toEqual({ a: 1 });
  expect(() => parseExactJson('{"a":9007199254740993')).toThrow(SyntaxError);
});

test('exactUint64 keeps every bit, refuses what 64 bits do not hold; uint64 rounds as before', () => {
  expect(exactUint64(2n ** 64n - 1n, 'x')).toBe(2n ** 64n - 1n);
  expect(exactUint64(7, 'x')).toBe(7);
  expect(uint64(2n ** 64n - 1n, 'x')).toBe(2 ** 64);
  expect(() => exactUint64(-(2n ** 60n), 'args.value')).toThrow(/args\.value/);
  expect(() => exactUint64(2n ** 65n, 'args.value')).toThrow(/args\.value: expected an integer/);
});
