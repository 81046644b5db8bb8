import { expect, test } from 'bun:test';
import { Demultiplexer } from './demultiplex.ts';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';

const frame = (stream: number, text: string) => {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + body.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, body.length);
  bytes.set(body, 8);
  return bytes;
};

test('Demultiplexer puts frames together whatever the pieces', () => {
  const all = Buffer.concat([frame(1, 'out'), frame(2, 'error'), frame(1, ''), frame(1, 'x')]);
  for (let size = 1; size <= all.length; size += 1) {
    const frames = new Demultiplexer();
    const text = { 1: '', 2: '' };
    for (let at = 0; at < all.length; at += size) {
      for (const { stream, bytes } of frames.push(all.subarray(at, at + size))) {
        if (stream === 1 || stream === 2) text[stream] += Buffer.from(bytes).toString();
      }
    }
    expect(text).toEqual({ 1: 'outx', 2: 'error' });
  }
});

test('Demultiplexer refuses a stream that does not exist', () => {
  expect(() => [...new Demultiplexer().push(frame(9, 'x'))]).toThrow('unrecognized stream: 9');
});

test('parseDetachKeys reads controls and letters', () => {
  expect(parseDetachKeys('ctrl-p,ctrl-q')).toEqual([16, 17]);
  expect(parseDetachKeys('a,ctrl-[,B')).toEqual([97, 27, 66]);
  expect(() => parseDetachKeys('ctrl-1')).toThrow('Invalid detach keys (ctrl-1) provided');
  expect(() => parseDetachKeys('ab')).toThrow('Invalid detach keys (ab) provided');
});

const scan = (pieces: number[][]) => {
  const scanner = new DetachScanner([16, 17]);
  const passed: number[] = [];
  for (const piece of pieces) {
    const { pass, detached } = scanner.push(Uint8Array.from(piece));
    passed.push(...pass);
    if (detached) return { passed, detached };
  }
  return { passed, detached: false };
};

test('DetachScanner finds the sequence across pieces and sends nothing of it', () => {
  expect(
    scan([
      [1, 16],
      [17, 5],
    ]),
  ).toEqual({ passed: [1], detached: true });
});

test('DetachScanner sends on a sequence that breaks off', () => {
  expect(scan([[16], [65]])).toEqual({ passed: [16, 65], detached: false });
  expect(scan([[16, 16, 17]])).toEqual({ passed: [16], detached: true });
  expect(scan([[17, 16, 18, 66]])).toEqual({ passed: [17, 16, 18, 66], detached: false });
});
