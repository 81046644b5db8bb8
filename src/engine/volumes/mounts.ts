/**
 * Volumes that show something else than their own directory: mounted on the host before their first container starts, unmounted after their last one
 * has ended. The kernel's table of mounts is the only record of it, so that a new engine finds what an old one left.
 */

import { TiffinError } from '../../base/errors.ts';
import { encodePlan } from '../../plan/encode.ts';
import { errnoWords } from '../../runtime/errno.ts';
import type { Container } from '../containers/container.ts';
import { Mutex } from '../mutex.ts';
import type { Parts } from '../parts.ts';
import { isMounted, volumeMountStep } from './local-driver.ts';
import { isMountPoint, mountPoints } from './mount-points.ts';
import type { VolumeRecord } from './table.ts';

/** One at a time: whether a volume is mounted is looked at and changed in one go. */
const turns = new Mutex();

/** Throws `unavailable` with the kernel's reason. */
export async function mountVolumes(parts: Parts, container: Container): Promise<void> {
  const volumes = mountedVolumes(parts, container);
  if (volumes.length === 0) return;
  await turns.run(async () => {
    for (const volume of volumes) await mountVolume(parts, volume);
  });
}

/** Of a container that has ended: those that no other one uses. */
export async function unmountVolumes(parts: Parts, container: Container): Promise<void> {
  const volumes = mountedVolumes(parts, container);
  if (volumes.length === 0) return;
  await turns.run(async () => {
    for (const { name } of volumes) {
      if (!isInUse(parts, name)) await unmount(parts, parts.volumes.path(name));
    }
  });
}

/** What a crash between the end of a container and the unmount left. */
export async function unmountUnused(parts: Parts): Promise<void> {
  const mounted = mountPoints();
  for (const { name } of parts.volumes.all()) {
    const path = parts.volumes.path(name);
    if (mounted.has(path) && !isInUse(parts, name)) await unmount(parts, path);
  }
}

function mountedVolumes(parts: Parts, { definition }: Container): VolumeRecord[] {
  return definition.mounts.flatMap(({ type, name }) => {
    if (type !== 'volume' || name === undefined) return [];
    const volume = parts.volumes.find(name);
    return volume !== undefined && isMounted(volume.options) ? [volume] : [];
  });
}

async function mountVolume(parts: Parts, { name, options }: VolumeRecord): Promise<void> {
  const path = parts.volumes.path(name);
  if (isMountPoint(path)) return;
  const result = await parts.launcher.apply(encodePlan([volumeMountStep(options, path)]));
  if (result.ok) return;
  const { errno, detail } = result.failure;
  const reason = errnoWords(errno);
  throw new TiffinError(
    'unavailable',
    'volume-mount',
    `error while mounting volume '${path}': failed to mount local volume: mount ${options.device ?? ''}:${path}: ${detail}: ${reason}`,
    { hint: `see its options with: volume inspect ${name}` },
  );
}

function isInUse(parts: Parts, volume: string): boolean {
  return parts.containers.all().some(({ definition, state, isLive }) => {
    if (!isLive && state.phase !== 'starting') return false;
    return definition.mounts.some(({ type, name }) => type === 'volume' && name === volume);
  });
}

async function unmount(parts: Parts, path: string): Promise<void> {
  await parts.launcher.apply(
    encodePlan([{ stage: 'host', op: { op: 'unmount', path }, why: 'nobody uses the volume' }]),
  );
}
