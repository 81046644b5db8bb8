import { expect, test } from 'bun:test';
import type { Output } from '../../streams/output.ts';
import { Console } from './console.ts';

test('Console shows what a terminal would obey, and begins no line for a client', () => {
  let printed = '';
  const out: Output = {
    print: (text) => {
      printed += text;
    },
    error: () => undefined,
    write: () => Promise.resolve(),
  };
  const command = 'echo "é€\u001b[2J\u007f\u009b31m\u0085\r\nforged"';
  new Console(out).entry({ id: '1', state: 'Running', image: 'a\u0000b', command });
  expect(printed).toBe(
    `{1 Running a\\u0000b echo "é€\\u001b[2J\\u007f\\u009b31m\\u0085\\r\\nforged"}\n`,
  );
});
