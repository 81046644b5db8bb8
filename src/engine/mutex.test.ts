import { expect, test } from 'bun:test';
import { Mutex } from './mutex.ts';

test('Mutex runs bodies one after another in the order they came', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = mutex.run(async () => {
    seen.push('first begins');
    await gate.promise;
    seen.push('first ends');
  });
  const second = mutex.run(() => seen.push('second'));
  await Promise.resolve();
  gate.resolve();
  await Promise.all([first, second]);
  expect(seen).toEqual(['first begins', 'first ends', 'second']);
});

test('Mutex hands a failure to its own caller and lets the next one run', async () => {
  const mutex = new Mutex();
  const failing = mutex.run(() => {
    throw new Error('no');
  });
  const next = mutex.run(() => 'ran');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('ran');
});
