/** Directories of one step, shaped and placed like a container's: whatever a crash leaves of them the next engine throws away. */

import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { newId, randomSuffix } from '../../base/ids.ts';
import type { Parts } from '../parts.ts';
import { type ContainerPaths, containerPaths } from '../paths.ts';

export interface Workspace extends Disposable {
  readonly id: string;
  readonly paths: ContainerPaths;
  /** An empty directory of its own. */
  directory(name: string): string;
}

export function openWorkspace(parts: Parts): Workspace {
  const id = newId();
  const paths = containerPaths(parts.paths, id);
  mkdirSync(paths.directory, { mode: 0o700 });
  // The root directory of what runs here: its users must be able to pass.
  mkdirSync(paths.upper, { mode: 0o755 });
  mkdirSync(paths.work, { mode: 0o700 });
  mkdirSync(paths.mountpoint, { mode: 0o700 });
  return {
    id,
    paths,
    directory: (name) => {
      const path = join(paths.directory, name);
      mkdirSync(path, { mode: 0o755 });
      return path;
    },
    [Symbol.dispose]: () => {
      renameSync(paths.directory, join(parts.paths.trash, randomSuffix()));
      parts.trash.empty();
    },
  };
}
