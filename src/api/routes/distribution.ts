/** Questions that the engine passes to a registry. */

import { TiffinError } from '../../base/errors.ts';
import { parseDescriptor } from '../../spec/image.ts';
import { JsonObject } from '../../spec/json-object.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { bodyObject } from '../parse/fields.ts';
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

const MAX_PARTS = 1000;

/** Tiffin's own: puts an index over images of the same registry. */
export async function pushIndex({ engine, path, body, header, signal }: Call): Promise<Reply> {
  const auth = parseRegistryAuth(header('x-registry-auth'));
  const parts = bodyObject(await body.json()).list('manifests', MAX_PARTS, (value, at) => {
    const fields = JsonObject.of(value, at);
    const descriptor = parseDescriptor(fields.get('descriptor'), `${at}.descriptor`);
    return { from: fields.requiredText('from'), descriptor };
  });
  if (parts === undefined || parts.length === 0) {
    throw new TiffinError('invalid', 'missing-parameter', 'bad parameter: manifests is required');
  }
  const options = { ...(auth && { auth }), signal };
  return json(await engine.images.pushIndex(path.get('name'), parts, options), 201);
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
