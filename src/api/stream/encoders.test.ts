import { expect, test } from 'bun:test';
import type { LogChunk } from '../../engine/contract.ts';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';
import { encodeLogs, type LogEncoding } from './log-encoder.ts';
import { started } from './started.ts';
import { TimeFormat } from './time.ts';

const SECOND = 1_767_323_045_000_000_000n;

function piece(stream: 1 | 2, text: string, ns = 0n): LogChunk {
  return { stream, bytes: Buffer.from(text), timeNs: SECOND + ns };
}

async function encode(pieces: LogChunk[], encoding: Partial<LogEncoding>): Promise<string[]> {
  async function* source() {
    yield* pieces;
  }
  const whole = { raw: false, timestamps: false, follow: false, ...encoding };
  const batches: string[] = [];
  for await (const batch of encodeLogs(source(), whole)) {
    batches.push(Buffer.from(batch).toString('latin1'));
  }
  return batches;
}

/** Takes frames apart: `1:text`. */
function frames(bytes: string): string[] {
  const list: string[] = [];
  const buffer = Buffer.from(bytes, 'latin1');
  for (let at = 0; at < buffer.length; ) {
    const size = buffer.readUInt32BE(at + 4);
    list.push(`${buffer[at]}:${buffer.toString('latin1', at + 8, at + 8 + size)}`);
    at += 8 + size;
  }
  return list;
}

test('encodeLogs joins pieces of one stream into a frame and keeps their order', async () => {
  const pieces = [piece(1, 'a\nb'), piece(1, '\nc\n'), piece(2, 'e\n'), piece(1, 'd\n')];
  const batches = await encode(pieces, {});
  expect(batches.length).toBe(1);
  expect(frames(batches.join(''))).toEqual(['1:a\nb\nc\n', '2:e\n', '1:d\n']);
});

test('encodeLogs gives each line a frame when following, and gathers what is there', async () => {
  const batches = await encode([piece(1, 'a\nb\nrest'), piece(2, 'e\n')], { follow: true });
  expect(batches.map(frames)).toEqual([['1:a\n', '1:b\n', '1:rest', '2:e\n']]);
});

test('encodeLogs sends what it has when a followed log pauses', async () => {
  const more = Promise.withResolvers<void>();
  async function* source() {
    yield piece(1, 'a\n');
    yield piece(1, 'b\n');
    await more.promise;
    yield piece(1, 'c\n');
  }
  const encoding = { raw: false, timestamps: false, follow: true };
  const batches: string[][] = [];
  for await (const batch of encodeLogs(source(), encoding)) {
    batches.push(frames(Buffer.from(batch).toString('latin1')));
    more.resolve();
  }
  expect(batches).toEqual([['1:a\n', '1:b\n'], ['1:c\n']]);
});

test('encodeLogs stamps the beginning of each line and nothing else', async () => {
  const pieces = [piece(1, 'a\nb', 1n), piece(2, 'e', 2n), piece(1, 'c\n', 3n), piece(2, '\n', 4n)];
  const text = (await encode(pieces, { timestamps: true })).flatMap(frames);
  expect(text).toEqual([
    '1:2026-01-02T03:04:05.000000001Z a\n2026-01-02T03:04:05.000000001Z b',
    '2:2026-01-02T03:04:05.000000002Z e',
    '1:c\n',
    '2:\n',
  ]);
});

test('encodeLogs passes a terminal through, stamped when asked', async () => {
  const pieces = [piece(1, 'a\r\nb'), piece(1, 'c\r\n', 1n)];
  expect((await encode(pieces, { raw: true })).join('')).toBe('a\r\nbc\r\n');
  expect((await encode(pieces, { raw: true, timestamps: true })).join('')).toBe(
    '2026-01-02T03:04:05.000000000Z a\r\n2026-01-02T03:04:05.000000000Z bc\r\n',
  );
});

test('encodeLogs carries lines of any length and keeps every byte', async () => {
  const long = 'x'.repeat(200_000);
  const pieces = [piece(1, `start\n${long}`), piece(1, `${long}\nend\n`), piece(2, long)];
  for (const follow of [false, true]) {
    const all = (await encode(pieces, { follow })).flatMap(frames);
    const textOf = (stream: string) =>
      all.flatMap((line) => (line.startsWith(stream) ? [line.slice(2)] : [])).join('');
    expect(textOf('1:')).toBe(`start\n${long}${long}\nend\n`);
    expect(textOf('2:')).toBe(long);
  }
});

test('TimeFormat writes nine digits always', () => {
  const times = new TimeFormat();
  expect(times.format(0n)).toBe('1970-01-01T00:00:00.000000000Z');
  expect(times.format(SECOND + 999_999_999n)).toBe('2026-01-02T03:04:05.999999999Z');
});

test('parseDetachKeys reads letters and controls and refuses the rest', () => {
  expect([...parseDetachKeys('')]).toEqual([0x10, 0x11]);
  expect([...parseDetachKeys('ctrl-a,x,ctrl-[,ctrl-@,ctrl-_')]).toEqual([1, 0x78, 27, 0, 31]);
  for (const keys of ['ctrl-', 'ctrl-1', 'ab', ',', 'é', 'a,'.repeat(40)]) {
    expect(() => parseDetachKeys(keys)).toThrow('invalid detach keys');
  }
});

test('DetachScanner passes on a sequence that is not finished', () => {
  const scanner = new DetachScanner(Uint8Array.of(1, 2));
  const push = (...bytes: number[]) => {
    const { pass, detached } = scanner.push(Uint8Array.from(bytes));
    return [...pass, ...(detached ? ['detached'] : [])];
  };
  expect(push(5, 1)).toEqual([5]);
  expect(push(6)).toEqual([1, 6]);
  expect(push(1, 1)).toEqual([1]);
  expect(push(2, 7)).toEqual(['detached']);
});

test('started throws the first failure, passes later ones on, and returns its source', async () => {
  let finished = false;
  async function* source(failAt: number) {
    try {
      for (let index = 0; ; index++) {
        if (index === failAt) throw new Error(`at ${index}`);
        yield Uint8Array.of(index);
      }
    } finally {
      finished = true;
    }
  }
  expect(started(source(0))).rejects.toThrow('at 0');
  const seen: number[] = [];
  const reading = (async () => {
    for await (const chunk of await started(source(2))) seen.push(...chunk);
  })();
  expect(reading).rejects.toThrow('at 2');
  await reading.catch(() => undefined);
  expect(seen).toEqual([0, 1]);
  finished = false;
  for await (const _ of await started(source(9))) break;
  expect(finished).toBe(true);
});
