/** The steps of a start, printed with their reasons. */

import type { Invocation } from '../command.ts';
import { type ExplainedStep, renderSteps } from '../render/explain.ts';
import type { CreateRequest } from './create-request.ts';

interface ExplainResponse {
  Steps: ExplainedStep[];
}

/** `run --explain`: plans, starts nothing. */
export async function explainRequest(
  invocation: Invocation,
  request: CreateRequest,
): Promise<number> {
  const answer = await invocation.client.json<ExplainResponse>('POST', '/tiffin/explain', request);
  invocation.out.print(renderSteps(answer.Steps));
  return 0;
}

export async function explainContainer(invocation: Invocation, name: string): Promise<number> {
  const target = `/tiffin/containers/${encodeURIComponent(name)}/explain`;
  const answer = await invocation.client.json<ExplainResponse>('GET', target);
  invocation.out.print(renderSteps(answer.Steps));
  return 0;
}
