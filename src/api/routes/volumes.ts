/** Volumes. */

import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { parseVolumeCreate } from '../parse/volume.ts';
import { json, noContent, type Reply } from '../reply.ts';

export async function listVolumes({ engine, query }: Call): Promise<Reply> {
  return json(await engine.volumes.list(parseFilters(query, 'volumes')));
}

export async function createVolume({ engine, body }: Call): Promise<Reply> {
  return json(await engine.volumes.create(parseVolumeCreate(await body.json())), 201);
}

export async function inspectVolume({ engine, path }: Call): Promise<Reply> {
  return json(await engine.volumes.inspect(path.get('name')));
}

export async function removeVolume({ engine, path, query }: Call): Promise<Reply> {
  await engine.volumes.remove(path.get('name'), query.flag('force'));
  return noContent;
}

/** Clients of before know no other prune than that of all volumes. */
const FIRST_WITH_ANONYMOUS_PRUNE = 42;

export async function pruneVolumes({ engine, query, version }: Call): Promise<Reply> {
  const filters = new Map(parseFilters(query, 'volumePrune'));
  if (version < FIRST_WITH_ANONYMOUS_PRUNE) filters.set('all', ['true']);
  return json(await engine.volumes.prune(filters));
}
