/** A body that begins with a document of known length: u32 little endian, the document, the rest. */

import { TiffinError } from '../../base/errors.ts';

const LENGTH_BYTES = 4;

export async function splitHead(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = body[Symbol.asyncIterator]();
  let have: Uint8Array = new Uint8Array(0);
  const need = async (size: number): Promise<void> => {
    while (have.length < size) {
      const next = await iterator.next();
      if (next.done) {
        throw new TiffinError(
          'invalid',
          'bad-parameter',
          'the body ends within its first document',
        );
      }
      have = have.length === 0 ? next.value : Buffer.concat([have, next.value]);
    }
  };
  await need(LENGTH_BYTES);
  const size = new DataView(have.buffer, have.byteOffset).getUint32(0, true);
  if (size > maxBytes) {
    throw new TiffinError(
      'invalid',
      'request-too-large',
      `the first document is larger than ${maxBytes} bytes`,
    );
  }
  await need(LENGTH_BYTES + size);
  const head = have.subarray(LENGTH_BYTES, LENGTH_BYTES + size);
  return { head, rest: rest(have.subarray(LENGTH_BYTES + size), iterator) };
}

async function* rest(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}
