/**
 * Docker's framing of two output streams on one connection: stream number (1 stdout, 2 stderr), three zero bytes, length big endian, payload
 * (Docker Engine API, "Stream format" of container attach).
 */

import type { OutputChunk } from '../../engine/contract.ts';

export const FRAME_HEADER_BYTES = 8;

export function frame(chunk: OutputChunk): Uint8Array {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + chunk.bytes.length);
  writeFrameHeader(framed, 0, chunk.stream, chunk.bytes.length);
  framed.set(chunk.bytes, FRAME_HEADER_BYTES);
  return framed;
}

export function writeFrameHeader(target: Buffer, at: number, stream: number, size: number): void {
  target[at] = stream;
  target[at + 1] = 0;
  target[at + 2] = 0;
  target[at + 3] = 0;
  target.writeUInt32BE(size, at + 4);
}
