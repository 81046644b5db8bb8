import { expect, test } from 'bun:test';
import { BadRequest, parseRunRequest } from './run-request.ts';

const parse = (value: unknown) => parseRunRequest(Buffer.from(JSON.stringify(value)));
const run = (command: unknown) => parse({ state: 'run', image: 'i', command });

test.each([
  ['ls -la', ['ls', '-la']],
  ['  ls\t-la\n', ['ls', '-la']],
  [`a 'b  c' "d \\" e" f\\ g ''`, ['a', 'b  c', 'd " e', 'f g', '']],
  ['echo $HOME `x` *', ['echo', '$HOME', '`x`', '*']],
  ["'ls -la'", ['ls -la']],
])('parseRunRequest splits %p as a shell does, and expands nothing', (command, argv) => {
  expect(run(command)).toMatchObject({ argv, command, wait: false });
});

test('parseRunRequest shows a list of words as a line that a shell would take for the same', () => {
  const words = ['sh', '-c', "echo 'a'  b", '', 'x=1'];
  const request = run(words);
  expect(request).toMatchObject({ argv: words });
  const line = request.state === 'run' ? request.command : '';
  expect(run(line)).toMatchObject({ argv: words });
});

test('parseRunRequest takes own fields alone', () => {
  const text = '{"__proto__":{"state":"run"},"image":"i","command":"c"}';
  expect(() => parseRunRequest(Buffer.from(text))).toThrow(BadRequest);
});

test('parseRunRequest refuses, with BadRequest, whatever is no request', () => {
  const strange = [null, 0, -1, 1e308, '', 'x\0y', 'run', 'stop', [], ['a'], [1], {}, true, "'"];
  for (const state of ['run', 'stop', ...strange]) {
    for (const image of strange) {
      for (const command of strange) {
        for (const more of strange) {
          const body = { state, image, command, wait: more, id: more };
          try {
            const request = parse(body);
            expect(['run', 'stop']).toContain(request.state);
          } catch (error) {
            expect(error).toBeInstanceOf(BadRequest);
          }
        }
      }
    }
  }
  for (const text of ['', 'null', '7', '"run"', '{"state":', '\xff']) {
    expect(() => parseRunRequest(Buffer.from(text, 'latin1'))).toThrow(BadRequest);
  }
});
