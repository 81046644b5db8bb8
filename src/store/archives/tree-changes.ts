/** What one tree changes of another, as `shim changes` tells it. */

import { TiffinError } from '../../base/errors.ts';
import { treeChanges } from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';

export interface TreeChange {
  kind: 'changed' | 'added' | 'removed';
  /** From `/` on. */
  path: string;
}

const KINDS: ReadonlyMap<string, TreeChange['kind']> = new Map([
  ['A', 'added'],
  ['C', 'changed'],
  ['D', 'removed'],
]);
/** More than any person reads; what a client would have to hold in memory. */
const MAX_BYTES = 256 * 1024 * 1024;

export async function readChanges(shim: string, plan: Plan, upper: string): Promise<TreeChange[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of treeChanges(shim, encodePlan(plan), upper)) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new TiffinError('exhausted', 'too-many-changes', 'more changes than can be listed');
    }
    chunks.push(chunk);
  }
  const records = Buffer.concat(chunks).toString().split('\0').slice(0, -1);
  return records.flatMap((record) => {
    const kind = KINDS.get(record.slice(0, 1));
    return kind === undefined ? [] : [{ kind, path: record.slice(1) }];
  });
}
