/** Trees as typed operations: what `shim unpack` takes and `shim pack` gives. */

import { TiffinError } from '../../base/errors.ts';
import { packTree } from '../../host/tree-process.ts';
import { encodePlan, OpStreamDecoder } from '../../plan/encode.ts';
import type { Op, Plan } from '../../plan/ops.ts';

/**
 * The operations of the tree at `path`, in batches, from `tree-directory` or the single entry to `tree-end`. The steps of
 * `plan` (overlay, join-process, root) run in a mount namespace of the shim's own.
 */
export async function* packTreeOps(
  shim: string,
  plan: Plan,
  path = '/',
): AsyncGenerator<Op[], void, void> {
  const decoder = new OpStreamDecoder();
  let ended = false;
  for await (const chunk of packTree(shim, encodePlan(plan), path)) {
    const ops = decoder.push(chunk);
    ended = ops.at(-1)?.op === 'tree-end';
    if (ops.length > 0) yield ops;
  }
  if (!ended || decoder.pendingBytes > 0) {
    throw new TiffinError('internal', 'bad-op-stream', `the tree at ${path} broke off`);
  }
}
