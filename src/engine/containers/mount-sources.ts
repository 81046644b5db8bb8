/** What the mounts of a container are made of, as its creation needs it. */

import type { VolumeCreateRequest } from '../../spec/docker.ts';
import type { VolumeRecord } from '../volumes/table.ts';
import type { Owner } from './idmap.ts';
import { type MountRecord, mountRecord } from './mount-record.ts';

export interface MountSources {
  /** The volume of this name, made if absent; an empty name makes an anonymous one. */
  ensureVolume(request: VolumeCreateRequest): VolumeRecord;
  volumePath(name: string): string;
  /** Makes a missing host directory. */
  makeDirectory(path: string): void;
  /** What another container mounts. */
  mountsOf(container: string): readonly MountRecord[];
  /** Of an image that is mounted, by the reference in the request. */
  imageId(reference: string): string;
  /** Of a host path. */
  ownerOf(path: string): Owner;
}

export function volumeMount(
  volume: VolumeRecord,
  target: string,
  sources: MountSources,
): MountRecord {
  return mountRecord({
    type: 'volume',
    name: volume.name,
    source: sources.volumePath(volume.name),
    destination: target,
    copyUp: true,
    anonymous: volume.anonymous,
  });
}
