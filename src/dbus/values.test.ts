import { expect, test } from 'bun:test';
import { ByteReader } from '../base/bytes.ts';
import { decodeMessage, encodeMessage, MESSAGE, messageLength } from './message.ts';
import { completeTypes } from './signature.ts';
import { encodeValues, readValues, type Value } from './values.ts';

test('completeTypes splits a signature and refuses what is none', () => {
  expect(completeTypes('ssa(sv)a(sa(sv))')).toEqual(['s', 's', 'a(sv)', 'a(sa(sv))']);
  expect(completeTypes('')).toEqual([]);
  for (const text of [
    '(',
    '()',
    'a',
    '(s',
    'z',
    's)',
    '{',
    `${'a'.repeat(40)}s`,
    's'.repeat(256),
  ]) {
    expect(() => completeTypes(text)).toThrow(/not a D-Bus signature/);
  }
});

test('encodeValues aligns each value and counts no padding into an array', () => {
  expect([...encodeValues('yu', [1, 2])]).toEqual([1, 0, 0, 0, 2, 0, 0, 0]);
  expect([...encodeValues('at', [[5n]])]).toEqual([8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
  expect([...encodeValues('s', ['hi'])]).toEqual([2, 0, 0, 0, 104, 105, 0]);
  expect(() => encodeValues('u', ['text'])).toThrow(/not a D-Bus value/);
  expect(() => encodeValues('s', ['a\0b'])).toThrow(/not a D-Bus value/);
});

test('readValues gives back what encodeValues wrote, of every type', () => {
  const signature = 'ybnqiuxtdsoga(sv)aya{sv}v';
  const values: Value[] = [
    255,
    true,
    -2,
    65_535,
    -3,
    4_294_967_295,
    -(2n ** 63n),
    2n ** 64n - 1n,
    0.5,
    'täxt',
    '/a/b',
    'as',
    [
      ['PIDs', { signature: 'au', value: [1, 2] }],
      ['Slice', { signature: 's', value: 'a.slice' }],
    ],
    Uint8Array.of(1, 2, 3),
    [],
    { signature: '(sb)', value: ['x', false] },
  ];
  const bytes = encodeValues(signature, values);
  expect(readValues(new ByteReader(bytes), signature)).toEqual(values);
});

test('decodeMessage gives back a call; every cut and every flipped byte is a message or an error of its own', () => {
  const call = {
    type: MESSAGE.call,
    serial: 7,
    path: '/org/x',
    interface: 'org.x.Y',
    member: 'Do',
    destination: 'org.x',
    signature: 'sa(sv)',
    body: ['name', [['A', { signature: 't', value: 5n }]]],
  };
  const bytes = encodeMessage(call);
  expect(messageLength(bytes)).toBe(bytes.length);
  expect(messageLength(bytes.subarray(0, 15))).toBeUndefined();
  expect(decodeMessage(bytes)).toEqual(call);
  for (let at = 0; at < bytes.length; at += 1) {
    expect(() => decodeMessage(bytes.slice(0, at))).toThrow(/broken D-Bus message/);
    for (const bit of [1, 0x40, 0x80]) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ bit;
      try {
        decodeMessage(flipped);
      } catch (error) {
        expect(String(error)).toMatch(/broken D-Bus message|not a D-Bus signature/);
      }
    }
  }
});
