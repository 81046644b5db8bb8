/** What the mounts of a container take beyond binds: images under them, shared memory for others, first content of volumes. */

import type { Step } from '../../plan/ops.ts';
import { ATTR, MS } from '../../runtime/linux-flags.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import type { Definition } from '../containers/record.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';

export interface ImageLayer {
  upper: string;
  work: string;
  /** Empty on the host; the image is seen here by the container only. */
  root: string;
}

/** Directories of the writable layer over the mounted image that is the `index`th mount of a container. */
export function imageLayer(directory: string, index: number): ImageLayer {
  const base = `${directory}/image-${index}`;
  return { upper: `${base}/upper`, work: `${base}/work`, root: `${base}/root` };
}

/** The mounts with a source each; that of an image is where `mountSteps` mounts it. */
export function placedMounts(parts: Parts, { id, mounts }: Definition): MountRecord[] {
  const { directory } = containerPaths(parts.paths, id);
  return mounts.map((mount, index) =>
    mount.type === 'image' ? { ...mount, source: imageLayer(directory, index).root } : mount,
  );
}

/** Images whose layers the mounts need, the container's own first. */
export function imagesOf({ imageId, mounts }: Pick<Definition, 'imageId' | 'mounts'>): string[] {
  return [imageId, ...mounts.flatMap(({ image }) => (image === undefined ? [] : [image]))];
}

export function mountSteps(parts: Parts, definition: Definition): Step[] {
  return [
    ...imageSteps(parts, definition),
    ...copyUpSteps(definition),
    ...shmSteps(parts, definition),
  ];
}

function imageSteps(parts: Parts, { id, mounts }: Definition): Step[] {
  const { directory } = containerPaths(parts.paths, id);
  return mounts.flatMap((mount, index): Step[] => {
    if (mount.image === undefined) return [];
    const { upper, work, root } = imageLayer(directory, index);
    return [
      {
        stage: 'inside',
        op: {
          op: 'overlay',
          target: root,
          lower: parts.images.layersOf(mount.image),
          upper,
          work,
          options: [],
          attributes: 0n,
        },
        why: `the image ${mount.name ?? ''}, with changes that go with the container`,
      },
    ];
  });
}

/** The first container with an empty volume fills it with what its image has there. */
function copyUpSteps({ mounts }: Definition): Step[] {
  return mounts
    .filter((mount) => mount.type === 'volume' && mount.copyUp)
    .map((mount) => ({
      stage: 'inside',
      op: { op: 'copy-up', path: mount.destination, destination: mount.source },
      why: `an empty volume starts with what the image has at ${mount.destination}`,
    }));
}

/** `--ipc shareable`: memory that others can mount, so it has a place on the host while the container runs. */
function shmSteps(parts: Parts, { id, hostConfig }: Definition): Step[] {
  if (hostConfig.IpcMode !== 'shareable') return [];
  const target = containerPaths(parts.paths, id).shm;
  return [
    {
      stage: 'host',
      op: {
        op: 'mount',
        source: 'shm',
        target,
        fstype: 'tmpfs',
        flags: ATTR.nosuid | ATTR.nodev | ATTR.noexec,
        data: `mode=1777,size=${hostConfig.ShmSize}`,
        create: 1,
        propagation: MS.private,
      },
      why: 'shared memory that another container may join',
    },
    { stage: 'teardown', op: { op: 'unmount', path: target }, why: 'as the container has ended' },
  ];
}
