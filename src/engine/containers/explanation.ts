/** A launch in words: each step with its reason, and how long it took. */

import { OPS, type Plan } from '../../plan/ops.ts';
import { printOp } from '../../plan/print.ts';
import type { ExplainedStep } from '../contract.ts';

/** What a start leaves for `explain`, turned into words only when somebody asks. */
export interface Explanation {
  plan: Plan;
  /** ns per step, `DID_NOT_RUN` for the others; absent in a dry run. */
  durations?: Uint32Array;
  failed?: { index: number; errno: string };
}

const DID_NOT_RUN = 0xffff_ffff;

export function explainPlan({ plan, durations, failed }: Explanation): ExplainedStep[] {
  return plan.map((step, index) => {
    const ns = durations?.[index] ?? DID_NOT_RUN;
    return {
      stage: step.stage,
      op: step.op.op,
      text: printOp(step.op),
      why: step.why,
      man: OPS[step.op.op].man,
      ...(ns === DID_NOT_RUN ? {} : { ns }),
      ...(failed?.index === index ? { failed: failed.errno } : {}),
    };
  });
}
