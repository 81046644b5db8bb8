/** `cp` out of a container: a path of it as a tar stream. */

import { posix } from 'node:path';
import { emitContainer } from '../containers/container-events.ts';
import type { PathStat } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { containerPath, statIn } from './path-stat.ts';
import { type ContainerRoot, openRoot } from './root.ts';

const GO_DIRECTORY = 2 ** 31;

export async function copyOut(
  parts: Parts,
  reference: string,
  path: string,
): Promise<{ stat: PathStat; archive: AsyncIterable<Uint8Array> }> {
  const root = await openRoot(parts, reference);
  try {
    const stat = await statIn(parts, root, path);
    emitContainer(parts, root.container, 'archive-path');
    return { stat, archive: stream(parts, root, containerPath(path), stat) };
  } catch (error) {
    root[Symbol.dispose]();
    throw error;
  }
}

/** A directory's members begin with the name that was asked for, whatever a link there leads to. */
async function* stream(
  parts: Parts,
  root: ContainerRoot,
  path: string,
  stat: PathStat,
): AsyncGenerator<Uint8Array> {
  using _held = root;
  const { archives } = parts.store;
  if (stat.mode < GO_DIRECTORY) {
    yield* archives.exportTree(root.steps, path);
    return;
  }
  const base = path.endsWith('/.') ? '.' : posix.basename(path);
  yield* archives.exportTree(root.steps, `${path}/.`, { name: base || '/' });
}
