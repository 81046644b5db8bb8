/** `export`: the container's file system as a tar stream, whether it runs or not. */

import type { Step } from '../../plan/ops.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';

/** MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC (mount_setattr(2)). */
const READ_ONLY = 0x1n | 0x2n | 0x4n | 0x8n;

export async function* exportContainer(parts: Parts, reference: string): AsyncIterable<Uint8Array> {
  const container = parts.containers.get(reference);
  emitContainer(parts, container, 'export');
  yield* parts.store.archives.exportTree(viewSteps(parts, container));
}

/** What the container wrote is the topmost of read-only layers: a view that cannot disturb one that runs. */
function viewSteps(parts: Parts, container: Container): Step[] {
  const { mountpoint, upper } = containerPaths(parts.paths, container.id);
  return [
    {
      stage: 'inside',
      op: {
        op: 'overlay',
        target: mountpoint,
        lower: [upper, ...parts.images.layersOf(container.definition.imageId)],
        upper: '',
        work: '',
        options: [],
        attributes: READ_ONLY,
      },
      why: 'the file system as the container sees it, in a mount namespace of its own',
    },
    {
      stage: 'inside',
      op: { op: 'root', path: mountpoint, bind: 0 },
      why: 'names are resolved inside of it, whatever its links say',
    },
  ];
}
