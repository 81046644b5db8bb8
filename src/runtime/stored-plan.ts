/** A plan read back from its file, to word what went wrong with it. */

import { readFileSync } from 'node:fs';
import { OpStreamDecoder } from '../plan/encode.ts';
import { type Plan, STAGES } from '../plan/ops.ts';

/** Magic, version, count, and the two numbers of a fault. */
const HEAD_BYTES = 20;
const STEP_HEAD_BYTES = 8;

/** The reasons are not in the file; they come back empty. */
export function readPlan(file: string): Plan {
  const bytes = readFileSync(file);
  const ops = new OpStreamDecoder().push(bytes.subarray(HEAD_BYTES));
  let at = HEAD_BYTES;
  return ops.map((op) => {
    const stage = STAGES[bytes.readUInt8(at + 2)] ?? 'host';
    at += STEP_HEAD_BYTES + bytes.readUInt32LE(at + 4);
    return { stage, op, why: '' };
  });
}
