/** Standard input, read only when somebody asks, so that nothing is swallowed that belongs to the next program. */

import { read } from 'node:fs';
import { errnoName } from '../../base/errors.ts';

const CHUNK = 64 * 1024;

/** Pieces until end of file. Works for terminals, pipes and files alike. */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await readPiece(0);
    if (piece === undefined) continue;
    if (piece.length === 0) return;
    yield piece;
  }
}

/** undefined: nothing there yet, because another program made the descriptor non-blocking. */
function readPiece(fd: number): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(CHUNK);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, CHUNK, null, (error, size) => {
      if (error === null || error === undefined) return resolve(buffer.subarray(0, size));
      if (errnoName(error) === 'EAGAIN') return void setTimeout(() => resolve(undefined), 2);
      // A terminal whose other side is gone, or a background process: as good as the end.
      if (errnoName(error) === 'EIO') return resolve(new Uint8Array(0));
      reject(error);
    });
  });
}
