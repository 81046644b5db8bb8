/** Steps that lead `shim pack` and its like to a container's files, in a mount namespace of their own. */

import type { Step } from '../../plan/ops.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';

/** MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC (mount_setattr(2)). */
const READ_ONLY = 0x1n | 0x2n | 0x4n | 0x8n;

/** The file system as the container sees it: what it wrote is the topmost of read-only layers, so that nothing disturbs one that runs. */
export function wholeView(parts: Parts, container: Container): Step[] {
  const { upper, mountpoint } = containerPaths(parts.paths, container.id);
  return [overlay(parts, container, upper), root(mountpoint)];
}

/** The image without the container's changes. */
export function imageView(parts: Parts, container: Container): Step[] {
  const { mountpoint } = containerPaths(parts.paths, container.id);
  // overlayfs wants two directories at least, and the mount point is an empty one.
  return [overlay(parts, container, mountpoint), root(mountpoint)];
}

/** The container's changes alone, as overlayfs keeps them. */
export function changesView(parts: Parts, container: Container): Step[] {
  return [root(containerPaths(parts.paths, container.id).upper)];
}

function overlay(parts: Parts, container: Container, top: string): Step {
  return {
    stage: 'inside',
    op: {
      op: 'overlay',
      target: containerPaths(parts.paths, container.id).mountpoint,
      lower: [top, ...parts.images.layersOf(container.definition.imageId)],
      upper: '',
      work: '',
      options: [],
      attributes: READ_ONLY,
    },
    why: 'the layers as one tree, in a mount namespace of its own',
  };
}

function root(path: string): Step {
  return {
    stage: 'inside',
    op: { op: 'root', path, bind: 0 },
    why: 'names are resolved inside of it, whatever its links say',
  };
}
