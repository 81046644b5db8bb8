/** A change of a running container's network, made by a process that enters its namespace. */

import { TiffinError } from '../../base/errors.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan, Step } from '../../plan/ops.ts';
import { wordFailure } from '../../runtime/failure.ts';
import { planNetworkChange } from '../../runtime/planner.ts';
import type { Container } from '../containers/container.ts';
import { injectedFault } from '../launch/fault.ts';
import type { Parts } from '../parts.ts';

/** Throws the worded failure; what a join did up to there is undone. */
export async function changeNetwork(
  parts: Parts,
  container: Container,
  steps: readonly Step[],
): Promise<void> {
  const { pid, startTime } = container.state;
  await applyPlan(parts, planNetworkChange({ pid, startTime: BigInt(startTime) }, steps));
}

export async function applyPlan(parts: Parts, plan: Plan): Promise<void> {
  const result = await parts.launcher.apply(encodePlan(plan, injectedFault()));
  if (result.ok) return;
  const error = wordFailure(plan, result.failure);
  throw new TiffinError(error.class, error.code, `cannot change the network: ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
