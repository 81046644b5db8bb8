/** The builds' part of the contract. */

import type { Builds } from '../contract.ts';
import { parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';
import { announced } from '../prune-event.ts';
import { buildImage } from './build.ts';
import { imageFiles } from './image-files.ts';

export function buildVerbs(parts: Parts): Builds {
  const { builds } = parts;
  return {
    build: (request, body, { onEvent, signal }) =>
      builds.run(signal, async (either) => {
        const id = await buildImage(parts, builds, request, body, { onEvent, signal: either });
        await builds.cache.fit();
        return id;
      }),
    files: (image) => imageFiles(parts, image),
    parseAge: (text) => parseUntil(new Map([['until', [text]]])),
    prune: (options) => announced(parts, 'builder', builds.cache.prune(options)),
  };
}
