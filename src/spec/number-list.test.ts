import { expect, test } from 'bun:test';
import { parseNumberList } from './number-list.ts';

test('parseNumberList sets a bit for each number of single ones and ranges', () => {
  expect(parseNumberList('0-3,7')).toEqual(Uint8Array.of(0b1000_1111));
  expect(parseNumberList('9, 0')).toEqual(Uint8Array.of(1, 2));
  expect(parseNumberList('')).toEqual(new Uint8Array(0));
});

test('parseNumberList refuses what is no list', () => {
  for (const text of ['a', '3-1', '1,,2', '1-2-3', '-1', '0x1', '99999', '1;2', ',']) {
    expect([text, parseNumberList(text)]).toEqual([text, undefined]);
  }
});
