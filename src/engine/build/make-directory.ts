/** WORKDIR: a directory that comes into being with everything on the way to it. */

import type { BuildLayer, Layers } from '../../build/worker.ts';
import { unpackTree } from '../../host/tree-process.ts';
import { encodeOp, encodePlan } from '../../plan/encode.ts';
import type { Parts } from '../parts.ts';
import { commitUpper } from './commit-layer.ts';
import { directoriesOf } from './directories.ts';
import { directoryView, writableView } from './layers-view.ts';
import { openWorkspace } from './workspace.ts';

/** Undefined: it was there. The caller holds the store. */
export async function makeDirectory(
  parts: Parts,
  onto: Layers,
  path: string,
  epoch: number | undefined,
): Promise<BuildLayer | undefined> {
  if (path === '/') return undefined;
  using workspace = openWorkspace(parts);
  const { upper, work, mountpoint } = workspace.paths;
  const lower = directoriesOf(parts, onto);
  const view =
    lower.length === 0 ? directoryView(upper) : writableView(lower, { upper, work, mountpoint });
  const sink = unpackTree(
    parts.shim,
    '/',
    encodePlan([
      ...view,
      {
        stage: 'inside',
        op: { op: 'directory', path, mode: 0o755, uid: 0, gid: 0 },
        why: 'the working directory of what follows',
      },
    ]),
  );
  try {
    await sink.write([encodeOp({ op: 'tree-end' }, 'host')]);
    await sink.finish();
  } finally {
    await sink.abort();
  }
  return await commitUpper(parts, upper, { epoch, mountTargets: [] });
}
