/** Tree operations as bytes for the shim; content is never copied on the way. */

import { encodeOp } from '../../plan/encode.ts';
import type { Op } from '../../plan/ops.ts';
import { dataHead } from '../../store/layers/tree-encoder.ts';

export function encodeTree(ops: readonly Op[]): Uint8Array[] {
  return ops.flatMap((op) =>
    op.op === 'tree-data'
      ? [dataHead(op.offset, op.bytes.length), op.bytes]
      : [encodeOp(op, 'host')],
  );
}
