import { expect, test } from 'bun:test';
import { decodeByteText, encodeByteText } from './byte-text.ts';

test('decodeByteText and encodeByteText keep every sequence of bytes', () => {
  const samples = [
    [],
    [0x61],
    [0xff],
    [0xc3, 0xa4],
    [0xc3],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x98, 0x80],
    [0xed, 0xb2, 0x80],
    [0x61, 0x80, 0xc3, 0xa4, 0xfe, 0x62],
    [0xef, 0xbb, 0xbf, 0x61],
    [0xc0, 0xaf],
  ];
  for (const sample of samples) {
    expect([...encodeByteText(decodeByteText(Uint8Array.from(sample)))]).toEqual(sample);
  }
  for (let first = 0; first < 256; first += 1) {
    for (let second = 0; second < 256; second += 1) {
      const bytes = [first, second, 0x41];
      expect([...encodeByteText(decodeByteText(Uint8Array.from(bytes)))]).toEqual(bytes);
    }
  }
});

test('decodeByteText reads UTF-8 as the text it is', () => {
  expect(decodeByteText(Buffer.from('ünïcode 😀'))).toBe('ünïcode 😀');
});
