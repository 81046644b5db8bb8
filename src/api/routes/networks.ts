/** Networks. */

import { TiffinError } from '../../base/errors.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { bodyObject } from '../parse/fields.ts';
import { parseNetworkCreate } from '../parse/networking.ts';
import { json, noContent, type Reply } from '../reply.ts';

export async function listNetworks({ engine, query }: Call): Promise<Reply> {
  return json(await engine.networks.list(parseFilters(query, 'networks')));
}

const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none', 'default']);

export async function createNetwork({ engine, body }: Call): Promise<Reply> {
  const request = parseNetworkCreate(bodyObject(await body.json()));
  if (PREDEFINED.has(request.Name)) {
    const message = `operation is not permitted on predefined ${request.Name} network`;
    throw new TiffinError('denied', 'predefined-network', message);
  }
  return json(await engine.networks.create(request), 201);
}

export async function inspectNetwork({ engine, path }: Call): Promise<Reply> {
  return json(await engine.networks.inspect(path.get('id')));
}

export async function removeNetwork({ engine, path }: Call): Promise<Reply> {
  await engine.networks.remove(path.get('id'));
  return noContent;
}

export async function pruneNetworks({ engine, query }: Call): Promise<Reply> {
  return json(await engine.networks.prune(parseFilters(query, 'networkPrune')));
}
