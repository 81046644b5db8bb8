/** Networks. */

import { TiffinError } from '../../base/errors.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { bodyObject, text } from '../parse/fields.ts';
import { parseEndpoint, parseNetworkCreate } from '../parse/networking.ts';
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

export async function connectNetwork({ engine, path, body }: Call): Promise<Reply> {
  const request = bodyObject(await body.json());
  const settings = parseEndpoint(request.object('EndpointConfig') ?? bodyObject({}));
  await engine.networks.connect(path.get('id'), text(request, 'Container'), settings);
  return { kind: 'empty', status: 200 };
}

export async function disconnectNetwork({ engine, path, body }: Call): Promise<Reply> {
  const request = bodyObject(await body.json());
  await engine.networks.disconnect(
    path.get('id'),
    text(request, 'Container'),
    request.flag('Force'),
  );
  return { kind: 'empty', status: 200 };
}

export async function pruneNetworks({ engine, query }: Call): Promise<Reply> {
  return json(await engine.networks.prune(parseFilters(query, 'networkPrune')));
}
