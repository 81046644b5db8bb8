/** Images as objects: list, inspect, name, remove. */

import { imageInspectAsOf, imageSummaryAsOf } from '../as-of.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { platformParameter } from '../image-platform.ts';
import { withOldWords } from '../old-filters.ts';
import { json, type Reply } from '../reply.ts';

/** The first version whose `filter` parameter means nothing. */
const WITHOUT_FILTER = 41;

export async function listImages({ engine, query, version }: Call): Promise<Reply> {
  const filters = parseFilters(query, 'images');
  // Later clients mean the filter and nothing else.
  const old: Record<string, string> = version < WITHOUT_FILTER ? { filter: 'reference' } : {};
  const options = {
    all: query.flag('all'),
    filters: withOldWords(filters, query, old),
    sharedSize: query.flag('shared-size'),
  };
  const list = await engine.images.list(options);
  return json(list.map((summary) => imageSummaryAsOf(version, summary)));
}

export async function inspectImage({ engine, path, query, version }: Call): Promise<Reply> {
  const platform = platformParameter(query.text('platform'));
  return json(imageInspectAsOf(version, await engine.images.inspect(path.get('name'), platform)));
}

export async function imageHistory({ engine, path, query }: Call): Promise<Reply> {
  const platform = platformParameter(query.text('platform'));
  return json(await engine.images.history(path.get('name'), platform));
}

export async function tagImage({ engine, path, query }: Call): Promise<Reply> {
  await engine.images.tag(path.get('name'), query.required('repo'), query.text('tag') ?? '');
  return { kind: 'empty', status: 201 };
}

export async function removeImage({ engine, path, query }: Call): Promise<Reply> {
  const platforms = query.all('platforms').flatMap((text) => platformParameter(text) ?? []);
  const options = { force: query.flag('force'), noprune: query.flag('noprune'), platforms };
  return json(await engine.images.remove(path.get('name'), options));
}

export async function pruneImages({ engine, query }: Call): Promise<Reply> {
  return json(await engine.images.prune(parseFilters(query, 'imagePrune')));
}
