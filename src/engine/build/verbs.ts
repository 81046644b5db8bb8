/** The builds' part of the contract. */

import type { Builds } from '../contract.ts';
import { parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';
import { buildImage } from './build.ts';
import { imageFiles } from './image-files.ts';

export function buildVerbs(parts: Parts): Builds {
  const { cache, caches } = parts.builds;
  return {
    build: async (request, body, options) => {
      const id = await buildImage(parts, { cache, caches }, request, body, options);
      await cache.fit();
      return id;
    },
    files: (image) => imageFiles(parts, image),
    parseAge: (text) => parseUntil(new Map([['until', [text]]])),
    prune: (options) => cache.prune(options),
  };
}
