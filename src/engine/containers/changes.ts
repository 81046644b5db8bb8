/** `diff`: what a container changed of its image, in Docker's order and with the directories that hold a change. */

import { posix } from 'node:path';
import type { TreeChange } from '../../store/index.ts';
import type { FileChange } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import { isPlaceholderPath } from './placeholders.ts';
import { imageView } from './views.ts';

const KINDS: Readonly<Record<TreeChange['kind'], FileChange['Kind']>> = {
  changed: 0,
  added: 1,
  removed: 2,
};

export async function containerChanges(parts: Parts, reference: string): Promise<FileChange[]> {
  const container = parts.containers.get(reference);
  const { upper } = containerPaths(parts.paths, container.id);
  const changes = await parts.store.archives.changes(imageView(parts, container), upper);
  return withParents(
    changes.filter(({ path, kind }) => kind === 'removed' || !isPlaceholderPath(path)),
  );
}

/** Sorted by path; a directory in which something changed counts as changed. */
function withParents(changes: readonly TreeChange[]): FileChange[] {
  const kinds = new Map(changes.map(({ path, kind }) => [path, KINDS[kind]]));
  for (const { path } of changes) {
    for (let parent = posix.dirname(path); parent !== '/'; parent = posix.dirname(parent)) {
      if (kinds.has(parent)) break;
      kinds.set(parent, 0);
    }
  }
  return [...kinds]
    .map(([Path, Kind]) => ({ Path, Kind }))
    .toSorted((a, b) => (a.Path < b.Path ? -1 : 1));
}
