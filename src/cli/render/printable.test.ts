import { expect, test } from 'bun:test';
import { renderList } from './list.ts';
import { printable } from './printable.ts';

test('printable blanks what a terminal obeys and keeps everything else', () => {
  expect(printable('ordinary — ünïcode 漢字 "quotes"')).toBe('ordinary — ünïcode 漢字 "quotes"');
  expect(printable('a\u001b[2Jb\u0007\n\tc\u007fd\u009be')).toBe('a [2Jb   c d e');
  expect(printable('')).toBe('');
});

test('renderList shows no table in which an image obeys the terminal or makes rows of its own', () => {
  const list = { type: 'x', id: 'A', headers: { A: 'A', B: 'B' }, columns: ['A', 'B'] };
  const row = { A: 'one\ttwo\nthree', B: '\u001b]0;title\u0007' };
  expect(renderList(list, [row], '', false)).toBe(
    'A               B\none two three    ]0;title \n',
  );
});
