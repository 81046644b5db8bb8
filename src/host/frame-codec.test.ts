import { expect, test } from 'bun:test';
import { decodeHello, encodeFrame, FrameDecoder, frameHead } from './frame-codec.ts';
import { FRAMES } from './frames.ts';

function decodeAll(chunks: readonly Uint8Array[]): [number, string][] {
  const decoder = new FrameDecoder();
  const frames: [number, string][] = [];
  for (const chunk of chunks) {
    decoder.push(chunk, ({ type, payload }) => {
      frames.push([type, Buffer.from(payload).toString('latin1')]);
    });
  }
  return frames;
}

test('FrameDecoder finds the same frames however the stream is cut', () => {
  const texts = ['first', '', 'a longer one', '', 'x'];
  const stream = Buffer.concat(texts.map((text) => encodeFrame('stdout', Buffer.from(text))));
  const expected = texts.map((text) => [FRAMES.stdout, text]);
  expect(decodeAll([stream])).toEqual(expected as [number, string][]);
  for (let one = 0; one <= stream.length; one++) {
    for (let two = one; two <= stream.length; two += 3) {
      const pieces = [stream.subarray(0, one), stream.subarray(one, two), stream.subarray(two)];
      expect(decodeAll(pieces)).toEqual(expected as [number, string][]);
    }
  }
});

test('FrameDecoder refuses a frame that no monitor sends', () => {
  expect(() => decodeAll([frameHead('stdout', 0x7fffffff)])).toThrow('frame 20');
});

test('decodeHello reads pids and times', () => {
  const payload = Buffer.alloc(24);
  payload.writeUInt32LE(11, 0);
  payload.writeUInt32LE(12, 4);
  payload.writeBigUInt64LE(13n, 8);
  payload.writeBigUInt64LE(1n << 60n, 16);
  expect(decodeHello(payload)).toEqual({
    monitorPid: 11,
    pid: 12,
    startTime: 13n,
    startedNs: 1n << 60n,
  });
  expect(() => decodeHello(payload.subarray(1))).toThrow(RangeError);
});
