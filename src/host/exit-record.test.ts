import { expect, test } from 'bun:test';
import { parseExitRecord } from './exit-record.ts';

const parse = (text: string) => parseExitRecord(Buffer.from(text));
const head = 'status 137\nsignal 9\nstarted 1\nended 18446744073709551615\n';

test('parseExitRecord reads numbers and captures with line feeds in them', () => {
  expect(parse(`${head}capture events 13\noom_kill 1\na\n\ncapture none 0\n\n`)).toEqual({
    status: 137,
    signal: 9,
    startedNs: 1n,
    endedNs: (1n << 64n) - 1n,
    captures: new Map([
      ['events', 'oom_kill 1\na\n'],
      ['none', ''],
    ]),
  });
});

test('parseExitRecord refuses what is cut off, incomplete or no number', () => {
  for (const text of ['', 'status 1', 'status 1\n', head.replace('137', '0x1'), head.slice(9)]) {
    expect(() => parse(text)).toThrow('broken exit record');
  }
  expect(() => parse(`${head}capture events 99\nshort\n`)).toThrow('a capture past the end');
});
