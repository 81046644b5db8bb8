/** The other side of `wait-gate`: lets the program start and learns whether it did. */

import { Buffer } from 'node:buffer';
import { errnoName, TiffinError } from '../base/errors.ts';
import type { StepFailure } from './failure.ts';

/** Frame head, and the fixed part of a `failed` frame (src/host/frames.ts). */
const HEAD_BYTES = 8;
const FAILED_BYTES = 8;
const FAILED = 19;

/** Resolves to undefined when the program runs, to the failure of a step otherwise. */
export async function openGate(path: string): Promise<StepFailure | undefined> {
  const chunks: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  try {
    await Bun.connect({
      unix: path,
      socket: {
        // The program starts with this byte, not with the connection: one that ends at once would look refused.
        open: (socket) => {
          socket.write(Uint8Array.of(1));
        },
        data: (_, chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        close: () => ended.resolve(),
        error: (_, error) => ended.reject(error),
        end: (socket) => {
          socket.end();
        },
      },
    });
  } catch (cause) {
    throw new TiffinError(
      'conflict',
      'not-created',
      'cannot start a container that is not waiting for it',
      {
        cause,
        ...(errnoName(cause) === undefined ? {} : { hint: `${path}: ${errnoName(cause)}` }),
      },
    );
  }
  await ended.promise;
  return parseFailure(Buffer.concat(chunks));
}

/** End of file without a frame: exec succeeded. */
export function parseFailure(bytes: Buffer): StepFailure | undefined {
  if (bytes.length < HEAD_BYTES + FAILED_BYTES || bytes.readUInt8(0) !== FAILED) return undefined;
  const length = bytes.readUInt32LE(4);
  return {
    stage: bytes.readUInt8(HEAD_BYTES),
    opIndex: bytes.readUInt16LE(HEAD_BYTES + 2),
    errno: bytes.readUInt32LE(HEAD_BYTES + 4),
    detail: bytes.toString('utf8', HEAD_BYTES + FAILED_BYTES, HEAD_BYTES + length),
  };
}
