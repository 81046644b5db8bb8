/** Containers as objects: list, create, inspect, change, remove. */

import { containerInspectAsOf, containerSummaryAsOf } from '../as-of.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { withOldWords } from '../old-filters.ts';
import { parseContainerCreate, requireConfig } from '../parse/container.ts';
import { bodyObject } from '../parse/fields.ts';
import { parseContainerUpdate } from '../parse/resources.ts';
import { json, noContent, type Reply } from '../reply.ts';

const MAX_LIST = 1_000_000;

export async function listContainers({ engine, query, version }: Call): Promise<Reply> {
  const limit = query.integer('limit', -1, MAX_LIST) ?? 0;
  const options = {
    all: query.flag('all'),
    limit: Math.max(limit, 0),
    size: query.flag('size'),
    filters: withOldWords(parseFilters(query, 'containers'), query, {
      since: 'since',
      before: 'before',
    }),
  };
  const list = await engine.containers.list(options);
  return json(list.map((summary) => containerSummaryAsOf(version, summary)));
}

export async function createContainer({ engine, query, body }: Call): Promise<Reply> {
  const document = await body.json();
  requireConfig(document);
  const request = parseContainerCreate(document);
  const name = query.nonEmpty('name');
  const platform = query.nonEmpty('platform');
  return json(await engine.containers.create(request, name, platform), 201);
}

export async function inspectContainer({ engine, path, query, version }: Call): Promise<Reply> {
  const found = await engine.containers.inspect(path.get('id'), query.flag('size'));
  return json(containerInspectAsOf(version, found));
}

export async function topContainer({ engine, path, query }: Call): Promise<Reply> {
  return json(await engine.containers.top(path.get('id'), query.nonEmpty('ps_args') ?? '-ef'));
}

/** null when nothing changed, as Docker has it. */
export async function containerChanges({ engine, path }: Call): Promise<Reply> {
  const changes = await engine.containers.changes(path.get('id'));
  return json(changes.length === 0 ? null : changes);
}

export async function updateContainer({ engine, path, body }: Call): Promise<Reply> {
  const update = parseContainerUpdate(bodyObject(await body.json()));
  return json({ Warnings: await engine.containers.update(path.get('id'), update) });
}

export async function renameContainer({ engine, path, query }: Call): Promise<Reply> {
  await engine.containers.rename(path.get('id'), query.text('name') ?? '');
  return noContent;
}

export async function removeContainer({ engine, path, query }: Call): Promise<Reply> {
  if (query.flag('link')) {
    await engine.containers.unlink(path.get('id'));
    return noContent;
  }
  const options = { force: query.flag('force'), volumes: query.flag('v') };
  await engine.containers.remove(path.get('id'), options);
  return noContent;
}

/** `rm --link OWNER/ALIAS`, as docker's client writes its path. */
export async function removeLink({ engine, path, query }: Call): Promise<Reply> {
  const name = `${path.get('id')}/${path.get('alias')}`;
  if (query.flag('link')) await engine.containers.unlink(name);
  else await engine.containers.remove(name, { force: false, volumes: false });
  return noContent;
}

export async function pruneContainers({ engine, query }: Call): Promise<Reply> {
  return json(await engine.containers.prune(parseFilters(query, 'containerPrune')));
}
