/** The volumes' part of the contract. */

import type { Filters, PruneReport, Volume, VolumeUsage } from '../../spec/docker.ts';
import type { Volumes } from '../contract.ts';
import { directorySize } from '../directory-size.ts';
import { anyOf, checkFilters, lacksLabels, matchesLabels } from '../filters.ts';
import type { Parts } from '../parts.ts';
import { announced } from '../prune-event.ts';
import { toVolume } from './set.ts';
import type { VolumeRecord } from './table.ts';

export function volumeVerbs(parts: Parts): Volumes {
  const { volumes } = parts;
  const view = (record: VolumeRecord): Volume => toVolume(record, volumes.path(record.name));
  return {
    create: async (request) => view(volumes.ensure(request)),
    list: async (filters) => ({
      Volumes: volumes.all().filter(volumeFilter(parts, filters)).map(view),
      Warnings: [],
    }),
    inspect: async (name) => view(volumes.get(name)),
    remove: async (name, force) => {
      volumes.remove(name, force);
      parts.trash.empty();
    },
    prune: (filters) => announced(parts, 'volume', pruneVolumes(parts, filters)),
  };
}

/** With the space it takes, for `system df`. */
export async function measuredVolumes(
  parts: Parts,
): Promise<(Volume & { UsageData: VolumeUsage })[]> {
  return Promise.all(
    parts.volumes.all().map(async (record) => ({
      ...toVolume(record, parts.volumes.path(record.name)),
      UsageData: {
        Size: await directorySize(parts.volumes.path(record.name)),
        RefCount: parts.volumes.usersOf(record.name).length,
      },
    })),
  );
}

function volumeFilter(parts: Parts, filters: Filters): (volume: VolumeRecord) => boolean {
  checkFilters(filters, ['dangling', 'driver', 'label', 'name']);
  return (volume) =>
    anyOf(filters.get('name'), (value) => volume.name.includes(value)) &&
    anyOf(filters.get('driver'), (value) => value === 'local') &&
    matchesLabels(volume.labels, filters.get('label')) &&
    anyOf(filters.get('dangling'), (value) => isYes(value) === isDangling(parts, volume));
}

function isDangling(parts: Parts, volume: VolumeRecord): boolean {
  return parts.volumes.usersOf(volume.name).length === 0;
}

/** As Docker: anonymous ones, and with `all=true` every volume that no container mounts. */
async function pruneVolumes(parts: Parts, filters: Filters): Promise<PruneReport> {
  checkFilters(filters, ['all', 'label', 'label!']);
  const all = (filters.get('all') ?? []).some(isYes);
  const doomed = parts.volumes
    .all()
    .filter(
      (volume) =>
        (all || volume.anonymous) &&
        isDangling(parts, volume) &&
        matchesLabels(volume.labels, filters.get('label')) &&
        lacksLabels(volume.labels, filters.get('label!')),
    );
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const { name } of doomed) {
    const size = await directorySize(parts.volumes.path(name));
    // A container may have been created with it while its size was summed up.
    if (parts.volumes.usersOf(name).length > 0) continue;
    parts.volumes.remove(name, true);
    deleted.push(name);
    reclaimed += size;
  }
  parts.trash.empty();
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}

function isYes(value: string): boolean {
  return value === 'true' || value === '1';
}
