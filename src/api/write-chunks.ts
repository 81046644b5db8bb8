/** Writes a source to a socket or response as fast as the other side takes it and no faster: nothing is read ahead. */

import type { Writable } from 'node:stream';

/** Resolves when the source has ended or the other side has gone. Throws what the source throws. */
export async function writeChunks(
  target: Writable,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const chunk of chunks) {
    if (target.destroyed) return;
    if (!target.write(chunk)) await drained(target);
  }
}

/** Resolves when more may be written or nothing ever will. */
function drained(target: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      target.off('drain', done);
      target.off('close', done);
      resolve();
    };
    target.on('drain', done);
    target.on('close', done);
    if (target.destroyed) done();
  });
}
