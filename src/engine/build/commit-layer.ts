/** What a step wrote becomes a layer of the store. */

import type { BuildLayer } from '../../build/worker.ts';
import type { Op } from '../../plan/ops.ts';
import { placeholders } from '../containers/placeholders.ts';
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
  // What had to be made for a mount is a directory, or a file that stayed empty.
  const stubs = options.mountTargets.map((path) => path.slice(1));
  return parts.store.archives.addLayer(directoryView(upper), {
    leaveOut: [...placeholders, ...stubs, ...stubs.map((path) => `${path}/`)],
    latestNs: epochNs(options.epoch),
  });
}

/** Times after the epoch become the epoch: the same input then gives the same digest. */
export function clampTimes(epoch: number | undefined): (op: Op) => Op {
  const latest = epochNs(epoch);
  if (latest === undefined) return (op) => op;
  return (op) => ('mtimeNs' in op && op.mtimeNs > latest ? { ...op, mtimeNs: latest } : op);
}

function epochNs(epoch: number | undefined): bigint | undefined {
  return epoch === undefined ? undefined : BigInt(epoch) * 1_000_000_000n;
}
