/** The images' part of the contract. */

import { hostPlatform } from '../../host/host-platform.ts';
import { pushIndex } from '../../registry/index.ts';
import type { Platform } from '../../spec/content.ts';
import type { ImageSummary } from '../../spec/docker.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { parseReference, withDefaultTag } from '../../spec/reference.ts';
import type { ImageRecord, RemovedItem } from '../../store/index.ts';
import type { Images } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { announced } from '../prune-event.ts';
import { askRegistry, searchImages } from './ask.ts';
import { containerCounts } from './container-counts.ts';
import { imageFilter, withAskedNames } from './filter.ts';
import { emitImage } from './image-events.ts';
import { imageUses } from './image-uses.ts';
import { pruneImages } from './prune.ts';
import { pullImage } from './pull.ts';
import { pushImage } from './push.ts';
import { sharedSizes } from './shared-size.ts';
import { historyItem, imageInspect, imageSummary } from './view.ts';

export function imageVerbs(parts: Parts): Images {
  const { store } = parts;
  return {
    pull: (reference, options) => pullImage(parts, reference, options),
    ask: (name, auth, signal) => askRegistry(name, auth, signal),
    pushIndex: (name, sources, options) => {
      const reference = withDefaultTag(parseReference(name));
      const from = (text: string) => withDefaultTag(parseReference(text));
      const indexed = sources.map((source) => ({ ...source, from: from(source.from) }));
      return pushIndex({ reference, parts: indexed, ...options });
    },
    search: (term, options) => searchImages(term, options),
    push: (name, options) => pushImage(parts, name, options),
    list: async (options) => listImages(parts, options),
    inspect: async (name, platform) => imageInspect(await parts.images.provideFor(name, platform)),
    history: async (name, platform) =>
      store.history(await parts.images.provideFor(name, platform)).map(historyItem),
    tag: (name, repository, tag) => tagImage(parts, name, repository, tag),
    remove: (name, options) => removeImages(parts, name, options),
    load: (archive, onProgress, platform) => loadImages(parts, archive, onProgress, platform),
    save: (names, platform) => saveImages(parts, names, platform),
    import: (archive, options) => importImage(parts, archive, options),
    prune: (filters) => announced(parts, 'image', pruneImages(parts, filters)),
  };
}

function listImages(parts: Parts, options: Parameters<Images['list']>[0]): ImageSummary[] {
  const images = parts.store.images.list();
  const isWanted = imageFilter(parts, options.filters);
  const shared = options.sharedSize ? sharedSizes(parts.store, images) : undefined;
  const uses = containerCounts(parts);
  const parents = parts.store.parents.all();
  const isShown = (image: ImageRecord) =>
    options.all || image.tags.length > 0 || !parents.has(image.id);
  return images
    .filter((image) => isShown(image) && isWanted(image))
    .map((image) => ({
      ...imageSummary(withAskedNames(image, options.filters), uses.get(image.id) ?? 0),
      ...(shared === undefined ? {} : { SharedSize: shared.get(image.id) ?? 0 }),
    }));
}

async function tagImage(
  parts: Parts,
  name: string,
  repository: string,
  tag: string,
): Promise<void> {
  await parts.images.provide(name);
  const text = tag === '' ? repository : `${repository}:${tag}`;
  await parts.store.images.tag(name, parseReference(text));
  const image = parts.store.images.resolve(name);
  emitImage(parts, 'tag', image.id, image, text);
}

/** With platforms only those of the name; the last one takes the name with it. */
async function removeImages(
  parts: Parts,
  name: string,
  { force, noprune, platforms }: Parameters<Images['remove']>[1],
) {
  const items: RemovedItem[] = [];
  const all = parts.store.images.allOf(name);
  const doomed = new Set<string>();
  for (const platform of platforms) {
    doomed.add((await parts.images.provideFor(name, platform)).id);
  }
  if (doomed.size === 0 || doomed.size === all.length) {
    return removeImage(parts, name, force, noprune);
  }
  for (const id of doomed) items.push(...(await removeImage(parts, id, force, noprune)));
  return items;
}

async function removeImage(parts: Parts, name: string, force: boolean, keepParents: boolean) {
  const image = parts.store.images.find(name);
  const items = await parts.store.remove(name, { force, keepParents, uses: imageUses(parts) });
  for (const item of items) {
    if ('Untagged' in item) emitImage(parts, 'untag', image?.id ?? name, image);
  }
  if (items.some((item) => 'Deleted' in item)) emitImage(parts, 'delete', image?.id ?? name, image);
  return items;
}

async function loadImages(
  parts: Parts,
  archive: AsyncIterable<Uint8Array>,
  onProgress: Parameters<Images['load']>[1],
  platform: Parameters<Images['load']>[2],
): Promise<string[]> {
  const loaded = await parts.store.archives.load(archive, platform, onProgress);
  for (const { id, name } of loaded) {
    emitImage(parts, 'load', id, parts.store.images.find(id), name ?? id);
  }
  return loaded.map(({ id, name }) =>
    name === undefined ? `Loaded image ID: ${id}` : `Loaded image: ${name}`,
  );
}

async function* saveImages(
  parts: Parts,
  names: string[],
  platform: Platform | undefined,
): AsyncIterable<Uint8Array> {
  for (const name of names) {
    const image = await parts.images.provideFor(name, platform);
    emitImage(parts, 'save', image.id, image, name);
  }
  yield* parts.store.archives.save(names, platform);
}

async function importImage(
  parts: Parts,
  archive: AsyncIterable<Uint8Array>,
  options: Parameters<Images['import']>[1],
): Promise<string> {
  const { repository, tag, message, changes, platform } = options;
  const text = tag === '' ? repository : `${repository}:${tag}`;
  const id = await parts.store.archives.import(archive, {
    reference: repository === '' ? undefined : parseReference(text),
    message,
    changes,
    platform: platform === undefined ? hostPlatform() : parsePlatform(platform),
  });
  emitImage(parts, 'import', id, parts.store.images.find(id), text);
  return id;
}
