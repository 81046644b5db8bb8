/** The images that `--cache-from` names: those that are here, and those that a registry has. */

import { errorMessage, TiffinError } from '../../base/errors.ts';
import type { SolveOptions } from '../../build/solver.ts';
import type { BuildWorker } from '../../build/worker.ts';
import type { SourceImage } from './cache-sources.ts';

/** An image that cannot be had is told and passed over, as the build needs none of them. */
export async function openCacheSources(
  worker: Pick<BuildWorker, 'image'>,
  words: readonly string[],
  { platform, signal, emit }: SolveOptions,
): Promise<SourceImage[]> {
  const report = {
    output: async () => undefined,
    container: () => undefined,
    status: () => undefined,
    signal,
  };
  const images: SourceImage[] = [];
  for (const word of words) {
    try {
      images.push(await worker.image(nameOf(word), { platform, pull: false, report }));
    } catch (error) {
      signal.throwIfAborted();
      const text = `cache source ${word} is passed over: ${errorMessage(error)}`;
      void emit({ kind: 'warning', text });
    }
  }
  return images;
}

/** `name`, or as BuildKit takes it `type=registry,ref=name`. */
function nameOf(word: string): string {
  if (!word.includes('=')) return word;
  const fields = new Map(word.split(',').map((field) => split(field)));
  const type = fields.get('type');
  const name = fields.get('ref');
  if (type === 'registry' && name !== undefined && name !== '') return name;
  throw new TiffinError(
    'unsupported',
    'unknown-cache-source',
    `cache sources of type ${type ?? 'unknown'} are not supported`,
    { hint: 'name an image, or type=registry,ref=<image>' },
  );
}

function split(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
}
