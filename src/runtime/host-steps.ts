/** Steps of the host alone, run by the shim at once: what this process cannot do itself. */

import { writeFileSync } from 'node:fs';
import { TiffinError } from '../base/errors.ts';
import { shimPath } from '../host/shim-binary.ts';
import { encodePlan } from '../plan/encode.ts';
import type { Step } from '../plan/ops.ts';
import type { OciContext } from './context.ts';

/** `file` gets the plan, and is the shim's to remove. @throws TiffinError `host-step`. */
export function runHostSteps(steps: readonly Step[], file: string, context: OciContext): void {
  const failure = failedHostSteps(steps, file, context);
  if (failure !== undefined) throw new TiffinError('unavailable', 'host-step', failure);
}

/** The shim's words where a step failed. */
export function failedHostSteps(
  steps: readonly Step[],
  file: string,
  context: OciContext,
): string | undefined {
  if (steps.length === 0) return undefined;
  writeFileSync(file, encodePlan(steps), { mode: 0o600 });
  const result = Bun.spawnSync({
    cmd: [shimPath(context.root), 'run', file],
    env: {},
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  return result.exitCode === 0 ? undefined : result.stderr.toString().trim();
}
