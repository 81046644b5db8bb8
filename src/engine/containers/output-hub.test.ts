/** A run's output and those who read it, without a process. */

import { expect, test } from 'bun:test';
import { OutputSession } from './attach-session.ts';
import { OutputHub } from './output-hub.ts';

const newSession = (onLeave: () => void = () => undefined, onDetach = onLeave) =>
  new OutputSession({ mask: 1, stdin: false, onLeave, onDetach });

const state = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => 'settled'), Bun.sleep(0).then(() => 'held')]);

test('OutputSession holds its writer up while a mebibyte waits, and lets it go when the reader leaves', async () => {
  let left = 0;
  const session = newSession(() => {
    left += 1;
  });
  const chunk = { stream: 1 as const, bytes: new Uint8Array(1024) };
  for (let count = 0; count < 500; count += 1) session.push(chunk);
  expect(await state(session.hasRoom())).toBe('settled');
  for (let count = 0; count < 500; count += 1) session.push(chunk);
  const held = session.hasRoom();
  expect(await state(held)).toBe('held');
  session.close();
  await held;
  session.close();
  expect(left).toBe(1);
  const ended: number[] = [];
  for await (const { bytes } of session.output) ended.push(bytes.length);
  expect(ended).toEqual([]);
});

test('OutputSession tells once of a client that leaves by its keys, and not of one that just goes', () => {
  let detached = 0;
  const tell = () => {
    detached += 1;
  };
  newSession(undefined, tell).close();
  const session = newSession(undefined, tell);
  session.detach();
  session.detach();
  expect(detached).toBe(1);
});

test('OutputHub gives everybody all of the output that the one who does not read still has room for, and the rest when that one goes', async () => {
  const hub = new OutputHub();
  const idle = newSession();
  const busy = newSession();
  hub.add(idle);
  hub.add(busy);
  const pieces = 2000;
  const bytes = new Uint8Array(1000);
  const output = (async function* () {
    for (let count = 0; count < pieces; count += 1) yield { stream: 1 as const, bytes };
  })();
  const done = async () => undefined;
  const source = { output, subscribe: done, writeStdin: done, closeStdin: done };
  hub.run(source, { closesInput: false });
  const reader = busy.output[Symbol.asyncIterator]();
  // What fits the idle client's mebibyte.
  for (let count = 0; count < 800; count += 1) await reader.next();
  let next = reader.next();
  let taken = 800;
  while ((await state(next)) === 'settled') {
    taken += 1;
    next = reader.next();
  }
  expect(taken).toBeLessThan(pieces);
  hub.remove(idle);
  idle.close();
  for (; !(await next).done; next = reader.next()) taken += 1;
  expect(taken).toBe(pieces);
});
