/** Connects our standard streams with a hijacked connection. */

import { TiffinError } from '../../base/errors.ts';
import { ConnectionLost, type Socket } from '../client/socket.ts';
import { Demultiplexer } from './demultiplex.ts';
import { DetachScanner } from './detach-keys.ts';
import { standardInput } from './input.ts';
import type { Output } from './output.ts';

export interface PumpOptions {
  /** Output is not framed by stream: it comes from a terminal. */
  raw: boolean;
  /** Send our standard input. */
  stdin: boolean;
  /** Drop what is not wanted of an attached container. */
  stdout: boolean;
  stderr: boolean;
  /** Only scanned for in a terminal. */
  detachKeys?: readonly number[];
  out: Output;
}

/** `detached`: the person typed the detach keys. */
export type PumpEnd = 'ended' | 'detached';

/** Resolves when the output ended or the person detached. Closes the connection. */
export async function pump(socket: Socket, options: PumpOptions): Promise<PumpEnd> {
  const output = pumpOutput(socket, options).then((): PumpEnd => 'ended');
  if (!options.stdin) {
    try {
      return await output;
    } finally {
      socket.close();
    }
  }
  try {
    return await Promise.race([output, pumpInput(socket, options.detachKeys, output)]);
  } finally {
    socket.close();
  }
}

async function pumpOutput(socket: Socket, options: PumpOptions): Promise<void> {
  const frames = new Demultiplexer();
  for (let bytes = await socket.read(); bytes !== undefined; bytes = await socket.read()) {
    if (options.raw) {
      if (options.stdout) await options.out.write(1, bytes);
      continue;
    }
    for (const piece of frames.push(bytes)) await writePiece(piece.stream, piece.bytes, options);
  }
}

/** One framed piece to the right descriptor. */
export async function writePiece(
  stream: number,
  bytes: Uint8Array,
  options: { stdout: boolean; stderr: boolean; out: Output },
): Promise<void> {
  if (stream === 3) {
    const message = new TextDecoder().decode(bytes);
    throw new TiffinError('internal', 'stream', `error from daemon in stream: ${message}`);
  }
  if (stream === 1 && options.stdout) await options.out.write(1, bytes);
  if (stream === 2 && options.stderr) await options.out.write(2, bytes);
}

async function pumpInput(
  socket: Socket,
  detachKeys: readonly number[] | undefined,
  output: Promise<PumpEnd>,
): Promise<PumpEnd> {
  const scanner = detachKeys === undefined ? undefined : new DetachScanner(detachKeys);
  try {
    for await (const bytes of standardInput()) {
      const { pass, detached } = scanner?.push(bytes) ?? { pass: bytes, detached: false };
      await socket.write(pass);
      if (detached) return 'detached';
    }
    socket.end();
  } catch (error) {
    // The program ended and nobody reads its input any more: the output says how it went.
    if (!(error instanceof ConnectionLost)) throw error;
  }
  return output;
}
