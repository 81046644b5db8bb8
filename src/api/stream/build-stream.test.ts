import { expect, test } from 'bun:test';
import type { BuildEvent } from '../../build/events.ts';
import { ClassicBuild } from './classic-build.ts';
import { EventQueue } from './event-queue.ts';
import { splitHead } from './split-head.ts';

const begin = (step: number, order: number, text: string): BuildEvent => ({
  kind: 'begin',
  step,
  name: { order, total: 3, stage: '', at: 1, of: 1, text },
});
const end = (step: number, cached = false): BuildEvent => ({
  kind: 'end',
  step,
  cached,
  id: `sha256:${'a'.repeat(64)}`,
  error: '',
});

test('ClassicBuild tells steps that run side by side one after the other', () => {
  const classic = new ClassicBuild();
  const lines = [
    begin(1, 3, 'RUN late'),
    { kind: 'output', step: 1, stream: 1, bytes: Buffer.from('late\n') },
    begin(2, 1, 'FROM a'),
    end(2, true),
    end(1),
    begin(3, 2, 'RUN early'),
    { kind: 'container', step: 3, id: 'c'.repeat(64) },
    end(3),
  ].flatMap((event) => classic.take(event as BuildEvent));
  expect(lines.join('')).toBe(
    [
      'Step 1/3 : FROM a',
      ' ---> aaaaaaaaaaaa',
      'Step 2/3 : RUN early',
      ' ---> Running in cccccccccccc',
      ' ---> Removed intermediate container cccccccccccc',
      ' ---> aaaaaaaaaaaa',
      'Step 3/3 : RUN late',
      'late',
      ' ---> aaaaaaaaaaaa',
      '',
    ].join('\n'),
  );
  expect(classic.rest()).toEqual([]);
});

test('ClassicBuild keeps a bounded part of what is printed ahead of its turn, and whole characters', () => {
  const classic = new ClassicBuild();
  const output = (bytes: Uint8Array): BuildEvent => ({ kind: 'output', step: 1, stream: 1, bytes });
  classic.take(begin(1, 2, 'RUN much'));
  for (let count = 0; count < 40; count += 1) classic.take(output(Buffer.alloc(64 * 1024, 'x')));
  const text = [begin(2, 1, 'FROM a'), end(2)].flatMap((event) => classic.take(event)).join('');
  expect(text.length).toBeLessThan(1_200_000);
  expect(text).toContain('[output clipped');
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
  expect([...classic.take(output(first)), ...classic.take(output(second))].join('')).toBe('é');
});

test('EventQueue makes who sends much wait until it was read, and lets go when the reader leaves', async () => {
  const queue = new EventQueue<number>();
  let settled = 0;
  const pushes = Array.from({ length: 300 }, (_, at) => queue.push(at).then(() => (settled += 1)));
  await Promise.resolve();
  expect(settled).toBe(255);
  const seen: number[] = [];
  for await (const event of queue) {
    seen.push(event);
    if (seen.length === 300) break;
  }
  await Promise.all(pushes);
  expect(seen).toHaveLength(300);
  await queue.push(1);
});

test('splitHead takes a document off a body in any pieces, and refuses one that is cut or too large', async () => {
  const body = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from('abcrest')]);
  async function* pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
  }
  for (const size of [1, 5, 100]) {
    const { head, rest } = await splitHead(pieces(size), 10);
    expect(Buffer.from(head).toString()).toBe('abc');
    const left: Uint8Array[] = [];
    for await (const piece of rest) left.push(piece);
    expect(Buffer.concat(left).toString()).toBe('rest');
  }
  expect(splitHead(pieces(1), 2)).rejects.toThrow('larger than 2');
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield body.subarray(0, 5);
  }
  expect(splitHead(cut(), 10)).rejects.toThrow('ends within');
});
