/** What an unpacked layer is: one file-system image where the kernel can use it, else a directory of files. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomSuffix } from '../../base/ids.ts';
import { packTree, unpackTree } from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { ErofsWriter } from '../erofs/writer.ts';
import { sameFiles, treeDigest } from './compare.ts';
import { DirectorySink } from './directory-sink.ts';
import { ImageSink } from './image-sink.ts';
import type { LayerSink, OpenTree } from './unpack.ts';

export type LayerForm = 'image' | 'directory';

export interface LayerForms {
  /** What new layers become. */
  preferred(): Promise<LayerForm>;
  /** Begins a layer at `path`, where nothing is yet. */
  open(form: LayerForm, path: string): Promise<LayerSink>;
  /** Whether two layers of that form hold the same. */
  same(form: LayerForm, one: string, other: string): Promise<boolean>;
}

/**
 * `openTree` writes directories, `digestTree` tells what is in one. `choose` is asked once, when it matters first.
 */
export function layerForms(
  openTree: OpenTree,
  digestTree: (directory: string) => Promise<string>,
  choose: () => Promise<LayerForm>,
): LayerForms {
  let chosen: Promise<LayerForm> | undefined;
  return {
    preferred: () => {
      chosen ??= choose();
      return chosen;
    },
    open: async (form, path) => {
      if (form === 'image') return ImageSink.create(path);
      await mkdir(path, { mode: 0o755 });
      return new DirectorySink(openTree(path));
    },
    same: async (form, one, other) =>
      form === 'image'
        ? sameFiles(one, other)
        : (await digestTree(one)) === (await digestTree(other)),
  };
}

/** With the shim as the writer of directories, and images where `probeImages` finds them usable. */
export function shimLayerForms(shim: string, directory: string): LayerForms {
  return layerForms(
    (path) => unpackTree(shim, path),
    (path) => treeDigest(shim, path),
    async () => ((await probeImages(shim, directory)) ? 'image' : 'directory'),
  );
}

const PROBE = 'probe';

/**
 * Does with a small image what a start does with a layer: mounts it from its file, detached, and puts it into an overlay.
 * It takes EROFS with file-backed mounts (Linux 6.12), overlays of detached mounts (6.15), and the right to mount.
 */
export async function probeImages(shim: string, directory: string): Promise<boolean> {
  const path = join(directory, `.tmp-${randomSuffix()}`);
  try {
    const writer = await ErofsWriter.create(path);
    writer.take({
      op: 'tree-symlink',
      path: PROBE,
      value: PROBE,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      xattrs: new Uint8Array(0),
    });
    await writer.finish();
    for await (const _ of packTree(shim, encodePlan(probePlan(path, directory)), `/${PROBE}`));
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true });
  }
}

/** In a mount namespace of the shim's own. */
function probePlan(image: string, directory: string): Plan {
  const why = 'whether layers can be images here';
  return [
    {
      stage: 'inside',
      op: {
        op: 'overlay',
        target: directory,
        lower: [image, directory],
        upper: '',
        work: '',
        options: [],
        attributes: 1n,
      },
      why,
    },
    { stage: 'inside', op: { op: 'root', path: directory, bind: 0 }, why },
  ];
}
