/** Layers as one tree for the shim, in a mount namespace of its own. */

import { TiffinError } from '../../base/errors.ts';
import type { Step } from '../../plan/ops.ts';

export interface LayersView {
  readonly steps: readonly Step[];
  /** Whether a failure says that there is nothing at the path. */
  isAbsent(error: unknown): boolean;
}

/** MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC (mount_setattr(2)). */
const READ_ONLY = 0x1n | 0x2n | 0x4n | 0x8n;
const NO_DEVICES = 0x2n | 0x4n | 0x8n;

/** `directories` from the top down; `mountpoint` is an empty directory. */
export function readOnlyView(directories: readonly string[], mountpoint: string): LayersView {
  // overlayfs wants two directories at least, and the mount point is an empty one.
  const lower = [mountpoint, ...directories, ...(directories.length === 0 ? [mountpoint] : [])];
  const steps =
    directories.length === 0 ? [root(mountpoint)] : [overlay(lower, mountpoint), root(mountpoint)];
  return { steps, isAbsent };
}

export interface WritePaths {
  upper: string;
  work: string;
  mountpoint: string;
}

/** What is written below the root lands in `upper`. */
export function writableView(directories: readonly string[], paths: WritePaths): Step[] {
  const { upper, work, mountpoint } = paths;
  return [overlay(directories, mountpoint, { upper, work }), root(mountpoint)];
}

export function directoryView(path: string): Step[] {
  return [root(path)];
}

function overlay(lower: readonly string[], target: string, write = { upper: '', work: '' }): Step {
  return {
    stage: 'inside',
    op: {
      op: 'overlay',
      target,
      lower,
      ...write,
      options: [],
      attributes: write.upper === '' ? READ_ONLY : NO_DEVICES,
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

function isAbsent(error: unknown): boolean {
  if (!(error instanceof TiffinError) || error.code !== 'tree-failed') return false;
  return [': ENOENT', ': ENOTDIR', ': ELOOP'].some((name) => error.message.endsWith(name));
}
