/**
 * What a start leaves in a container's changes because mounts need something to lie on. The image's author did not ask for it,
 * so it is neither listed as a change nor part of a commit.
 */

import type { Op } from '../../plan/ops.ts';

const DIRECTORIES: ReadonlySet<string> = new Set(['dev', 'proc', 'sys']);
const FILES: ReadonlySet<string> = new Set(['etc/hosts', 'etc/hostname', 'etc/resolv.conf']);

/** Of an entry of a tree; a file counts while nothing is in it. */
export function isPlaceholder(op: Op): boolean {
  if (op.op === 'tree-directory') return DIRECTORIES.has(op.path);
  return op.op === 'tree-file' && op.size === 0n && FILES.has(op.path);
}

/** Of a path from `/` on. */
export function isPlaceholderPath(path: string): boolean {
  const name = path.slice(1);
  return DIRECTORIES.has(name) || FILES.has(name);
}
