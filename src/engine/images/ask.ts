/** What a registry says of a name, without fetching the image. */

import { remoteDocument, searchRegistry } from '../../registry/index.ts';
import type { RegistryAuth } from '../../spec/docker.ts';
import { parseReference, withDefaultTag } from '../../spec/reference.ts';
import type { RemoteDocument, SearchOptions, SearchResult } from '../contract.ts';
import { lacksWord } from './search-filter.ts';

export function askRegistry(
  name: string,
  auth: RegistryAuth | undefined,
  signal: AbortSignal,
): Promise<RemoteDocument> {
  return remoteDocument({ reference: withDefaultTag(parseReference(name)), auth, signal });
}

/** A term that begins with a host asks that one. */
export async function searchImages(term: string, options: SearchOptions): Promise<SearchResult[]> {
  const slash = term.indexOf('/');
  const head = slash < 0 ? '' : term.slice(0, slash);
  const isHost = head.includes('.') || head.includes(':') || head === 'localhost';
  const registry = isHost && head !== 'docker.io' ? head : 'docker.io';
  const { limit, auth, signal, filters } = options;
  const found = await searchRegistry(registry, isHost ? term.slice(slash + 1) : term, {
    limit,
    auth,
    signal,
  });
  return found.filter((result) => !lacksWord(result, filters));
}
