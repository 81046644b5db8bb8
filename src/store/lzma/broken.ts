/** What is wrong with the data, said alike for `.lzma` and `.xz`. */

import { TiffinError } from '../../base/errors.ts';

export function brokenData(format: 'lzma' | 'xz', reason: string): TiffinError {
  return new TiffinError('invalid', 'bad-compression', `broken ${format} data: ${reason}`);
}

/** Thrown by the decoder, which does not know what it decodes for. */
export class BrokenLzma extends Error {
  override readonly name = 'BrokenLzma';
}
