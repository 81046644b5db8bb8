/** The files of an image, its layers joined, as one tar. */

import type { Parts } from '../parts.ts';
import { directoriesOf } from './directories.ts';
import { readOnlyView } from './layers-view.ts';
import { openWorkspace } from './workspace.ts';

export async function* imageFiles(parts: Parts, name: string): AsyncGenerator<Uint8Array> {
  const image = await parts.images.resolve(name);
  using workspace = openWorkspace(parts);
  await using _hold = await parts.store.hold();
  const view = readOnlyView(directoriesOf(parts, image.layers), workspace.paths.mountpoint);
  yield* parts.store.archives.exportTree(view.steps);
}
