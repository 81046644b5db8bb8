/** Files of a source as a real directory, for a mount: written by the shim, which lets no name and no link lead out. */

import { unpackTree } from '../../host/tree-process.ts';
import type { Parts } from '../parts.ts';
import { encodeTree } from './encode-tree.ts';
import { cleanPath, select } from './selection.ts';
import type { TreeSource } from './tree-source.ts';

/** Returns the path of the thing itself: the directory, or the one file in it. */
export async function materialize(
  parts: Parts,
  source: TreeSource,
  path: string,
  directory: string,
): Promise<string> {
  const selected = await select(source, cleanPath(path), []);
  const top = selected.isDirectory ? '.' : 'file';
  const sink = unpackTree(parts.shim, directory);
  try {
    for await (const batch of selected.entries) {
      const ops = batch.map(({ path: below, op }) => {
        const to = below === '' ? top : below;
        return 'path' in op ? { ...op, path: to } : op;
      });
      await sink.write(encodeTree(ops));
    }
    await sink.write(encodeTree([{ op: 'tree-end' }]));
    await sink.finish();
  } finally {
    await sink.abort();
  }
  return selected.isDirectory ? directory : `${directory}/file`;
}
