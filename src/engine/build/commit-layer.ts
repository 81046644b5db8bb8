/** What a step wrote becomes a layer of the store. */

import type { BuildLayer } from '../../build/worker.ts';
import type { Op } from '../../plan/ops.ts';
import { isPlaceholder } from '../containers/placeholders.ts';
import type { Parts } from '../parts.ts';
import { directoryView } from './layers-view.ts';

export interface CommitOptions {
  /** No file is newer, seconds since 1970. */
  epoch: number | undefined;
  /** Container paths of mounts: what had to be made for them is no content. */
  mountTargets: readonly string[];
}

/** Undefined: nothing was written. The caller holds the store. */
export function commitUpper(
  parts: Parts,
  upper: string,
  options: CommitOptions,
): Promise<BuildLayer | undefined> {
  const targets = new Set(options.mountTargets.map((path) => path.slice(1)));
  const leaveOut = (op: Op): boolean => isPlaceholder(op) || isStub(op, targets);
  return parts.store.archives.addLayer(directoryView(upper), leaveOut, clampTimes(options.epoch));
}

/** Times after the epoch become the epoch: the same input then gives the same digest. */
export function clampTimes(epoch: number | undefined): (op: Op) => Op {
  if (epoch === undefined) return (op) => op;
  const latest = BigInt(epoch) * 1_000_000_000n;
  return (op) => ('mtimeNs' in op && op.mtimeNs > latest ? { ...op, mtimeNs: latest } : op);
}

function isStub(op: Op, targets: ReadonlySet<string>): boolean {
  if (op.op === 'tree-directory') return targets.has(op.path);
  return op.op === 'tree-file' && op.size === 0n && targets.has(op.path);
}
