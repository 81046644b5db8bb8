/** The mounts of a new container, with the volumes and directories that come into being for it. */

import { mkdirSync, statSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { HostConfig } from '../../spec/docker.ts';
import type { ResolvedImage } from '../images/room.ts';
import type { Parts } from '../parts.ts';
import type { MountRecord } from './mount-record.ts';
import type { MountSources } from './mount-sources.ts';
import type { Definition } from './record.ts';
import { resolveMounts } from './resolve-mounts.ts';

/** Id by reference of the images that are mounted. */
export type MountedImages = ReadonlyMap<string, string>;

/** Unpacks what is mounted of images. Throws `not-found`. */
export async function findMountedImages(parts: Parts, host: HostConfig): Promise<MountedImages> {
  const found = new Map<string, string>();
  for (const { Type, Source } of host.Mounts) {
    if (Type !== 'image' || Source === '') continue;
    found.set(Source, (await findImage(parts, Source)).id);
  }
  return found;
}

/** «Not found» would make Docker's client pull the container's own image. */
async function findImage(parts: Parts, reference: string): Promise<ResolvedImage> {
  try {
    return await parts.images.resolve(reference);
  } catch (cause) {
    if (!(cause instanceof TiffinError) || cause.class !== 'not-found') throw cause;
    const message = `invalid mount config for type "image": ${cause.message}`;
    throw new TiffinError('invalid', 'bad-mount', message, { cause });
  }
}

/** On failure the anonymous volumes made on the way are gone again. */
export function mountAll(
  parts: Parts,
  definition: Definition,
  images: MountedImages,
): MountRecord[] {
  const made: string[] = [];
  const sources: MountSources = {
    ...lookUps(parts, images),
    ensureVolume: (request) => {
      const volume = parts.volumes.ensure(request);
      if (request.Name === '') made.push(volume.name);
      return volume;
    },
    makeDirectory: (path) => mkdirSync(path, { recursive: true, mode: 0o755 }),
  };
  try {
    return resolveMounts(definition.config, definition.hostConfig, sources);
  } catch (error) {
    for (const name of made) parts.volumes.remove(name, true);
    throw error;
  }
}

/** The same without making anything. */
export function imagineMounts(
  parts: Parts,
  definition: Definition,
  images: MountedImages,
): MountRecord[] {
  return resolveMounts(definition.config, definition.hostConfig, {
    ...lookUps(parts, images),
    ensureVolume: ({ Name, Labels, DriverOpts }) => ({
      name: Name === '' ? newId() : Name,
      created: definition.created,
      anonymous: Name === '',
      labels: Labels,
      options: DriverOpts,
    }),
    makeDirectory: () => undefined,
  });
}

function lookUps(parts: Parts, images: MountedImages) {
  return {
    volumePath: (name: string) => parts.volumes.path(name),
    mountsOf: (container: string) => mountsOf(parts, container),
    imageId: (reference: string) => images.get(reference) ?? '',
    // A source that is still to be made would be root's.
    ownerOf: (path: string) => statSync(path, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 },
  };
}

/** «Not found» would make Docker's client pull the image. */
function mountsOf(parts: Parts, name: string): readonly MountRecord[] {
  const container = parts.containers.find(name);
  if (container !== undefined) return container.definition.mounts;
  const message = `cannot take volumes from ${name.slice(0, 256)}: No such container: ${name.slice(0, 256)}`;
  throw new TiffinError('invalid', 'bad-volumes-from', message);
}
