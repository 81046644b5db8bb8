/** The mounts of a new container, with the volumes and directories that come into being for it. */

import { mkdirSync } from 'node:fs';
import { newId } from '../../base/ids.ts';
import type { Parts } from '../parts.ts';
import type { MountRecord } from './mount-record.ts';
import type { Definition } from './record.ts';
import { type MountSources, resolveMounts } from './resolve-mounts.ts';

/** On failure the anonymous volumes made on the way are gone again. */
export function mountAll(parts: Parts, definition: Definition): MountRecord[] {
  const made: string[] = [];
  const sources: MountSources = {
    ...lookUps(parts),
    ensureVolume: (name, labels, driver) => {
      const request = { Name: name, Driver: driver, DriverOpts: {}, Labels: labels };
      const volume = parts.volumes.ensure(request);
      if (name === '') made.push(volume.name);
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
export function imagineMounts(parts: Parts, definition: Definition): MountRecord[] {
  return resolveMounts(definition.config, definition.hostConfig, {
    ...lookUps(parts),
    ensureVolume: (name, labels) => ({
      name: name === '' ? newId() : name,
      created: definition.created,
      anonymous: name === '',
      labels,
      options: {},
    }),
    makeDirectory: () => undefined,
  });
}

function lookUps(parts: Parts): Pick<MountSources, 'volumePath' | 'mountsOf'> {
  return {
    volumePath: (name) => parts.volumes.path(name),
    mountsOf: (container) => parts.containers.get(container).definition.mounts,
  };
}
