/** Frames of a web socket, RFC 6455 section 5: what a client sends taken apart, what it is sent put together. */

import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

/** Section 5.2. */
export const OPCODES = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Section 7.4.1. */
export const CLOSE_CODES = { normal: 1000, protocolError: 1002, tooBig: 1009 } as const;

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const MASK_BYTES = 4;
const MAX_CONTROL_BYTES = 125;

export interface WebSocketFrame {
  opcode: number;
  payload: Buffer;
}

/** One whole message of the server: final and unmasked. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = FINAL | opcode;
  if (head.length === 2) {
    head[1] = size;
  } else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, payload]);
}

export function closeFrame(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return encodeFrame(OPCODES.close, payload);
}

/**
 * Takes bytes as they come and gives whole frames, unmasked. Messages are not put together again: a process reads bytes. Throws `invalid` for what
 * a client must not send, and for a frame beyond `limits.frameBytes`.
 */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  *push(bytes: Buffer): Generator<WebSocketFrame> {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) yield frame;
  }

  #take(): WebSocketFrame | undefined {
    const bytes = this.#pending;
    if (bytes.length < 2) return undefined;
    const first = bytes[0] ?? 0;
    const second = bytes[1] ?? 0;
    if ((first & RESERVED) !== 0) throw refused('an extension that was not agreed on');
    // Section 5.1: a server must not take unmasked frames.
    if ((second & MASKED) === 0) throw refused('an unmasked frame');
    const opcode = first & 0x0f;
    checkOpcode(opcode, (first & FINAL) !== 0, second & 0x7f);
    const length = payloadLength(bytes, second & 0x7f);
    if (length === undefined) return undefined;
    if (length.size > limits.frameBytes) throw tooBig();
    const from = length.at + MASK_BYTES;
    if (bytes.length < from + length.size) return undefined;
    this.#pending = bytes.subarray(from + length.size);
    const mask = bytes.subarray(length.at, from);
    return { opcode, payload: unmask(bytes.subarray(from, from + length.size), mask) };
  }
}

function checkOpcode(opcode: number, final: boolean, shortLength: number): void {
  const isControl = opcode >= OPCODES.close;
  if (!Object.values<number>(OPCODES).includes(opcode)) throw refused(`opcode ${opcode}`);
  if (isControl && (!final || shortLength > MAX_CONTROL_BYTES))
    throw refused('a long control frame');
}

/** The size and where the mask begins; undefined while the head is incomplete. */
function payloadLength(bytes: Buffer, short: number): { size: number; at: number } | undefined {
  if (short < 126) return { size: short, at: 2 };
  const at = short === 126 ? 4 : 10;
  if (bytes.length < at) return undefined;
  return { size: short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)), at };
}

function unmask(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length);
  for (let at = 0; at < payload.length; at++) plain[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return plain;
}

function refused(what: string): TiffinError {
  return new TiffinError('invalid', 'bad-frame', `web socket: the client sent ${what}`);
}

function tooBig(): TiffinError {
  const message = `web socket: a frame is larger than ${limits.frameBytes} bytes`;
  return new TiffinError('invalid', 'frame-too-large', message);
}
