/** Questions that the engine passes to a registry. */

import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { parseRegistryAuth } from '../registry-auth.ts';
import { json, type Reply } from '../reply.ts';

const MAX_RESULTS = 100;

export async function inspectDistribution(call: Call): Promise<Reply> {
  const found = await ask(call);
  return json({ Descriptor: found.descriptor, Platforms: found.platforms });
}

/** Tiffin's own: the manifest or index itself, byte by byte. */
export async function inspectManifest(call: Call): Promise<Reply> {
  const { descriptor, bytes } = await ask(call);
  const headers = { 'Docker-Content-Digest': descriptor.digest };
  return { kind: 'text', status: 200, text: new TextDecoder().decode(bytes), headers };
}

export async function searchImages({ engine, query, header, signal }: Call): Promise<Reply> {
  const auth = parseRegistryAuth(header('x-registry-auth'));
  const results = await engine.images.search(query.required('term'), {
    limit: query.integer('limit', 0, MAX_RESULTS) || 25,
    filters: parseFilters(query, 'search'),
    auth,
    signal,
  });
  return json(results);
}

function ask({ engine, path, header, signal }: Call) {
  const auth = parseRegistryAuth(header('x-registry-auth'));
  return engine.images.ask(path.get('name'), auth, signal);
}
