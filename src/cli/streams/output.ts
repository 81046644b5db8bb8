/** Standard output and standard error: text of commands, and byte streams with backpressure. */

import { write, writeSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';

/** Whoever read our output is gone: the program ends as SIGPIPE would end it. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe';
}

const encoder = new TextEncoder();

export interface Output {
  /** Writes now, whole. */
  print(text: string): void;
  error(text: string): void;
  /** Resolves when the reader took it; calls for one descriptor run in order. */
  write(fd: 1 | 2, bytes: Uint8Array): Promise<void>;
}

export const standardOutput: Output = {
  print: (text) => writeWhole(1, encoder.encode(text)),
  error: (text) => writeWhole(2, encoder.encode(text)),
  write: writeLater,
};

function writeWhole(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at, bytes.length - at);
    } catch (error) {
      if (isClosed(error)) throw new ClosedPipe();
      // Another program made the descriptor non-blocking: the reader is slow, so wait for it.
      if (errnoName(error) !== 'EAGAIN') throw error;
      Bun.sleepSync(1);
    }
  }
}

async function writeLater(fd: number, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await writeSome(fd, bytes, at);
}

function writeSome(fd: number, bytes: Uint8Array, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, at, bytes.length - at, null, (error, written) => {
      if (error === null || error === undefined) return resolve(written);
      if (isClosed(error)) return reject(new ClosedPipe());
      if (errnoName(error) === 'EAGAIN') return void setTimeout(() => resolve(0), 1);
      reject(error);
    });
  });
}

/** A pipe says EPIPE; a socket, which some programs hand over as standard output, says ECONNRESET when it held unread bytes. */
function isClosed(error: unknown): boolean {
  const errno = errnoName(error);
  return errno === 'EPIPE' || errno === 'ECONNRESET';
}
