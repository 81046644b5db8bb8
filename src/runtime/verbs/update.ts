/** `update`: new limits for a running container. */

import { TiffinError } from '../../base/errors.ts';
import { applyFileSteps, areFileSteps, planUpdate } from '../../cgroup/index.ts';
import { hostFacts } from '../../host/facts.ts';
import { parseResources } from '../../spec/runtime/index.ts';
import type { OciContext } from '../context.ts';
import { find } from './state.ts';

/** `resources`: a document of runtime-spec `linux.resources`, unchecked. */
export function update(id: string, resources: unknown, context: OciContext): void {
  const { record, snapshot } = find(id, context);
  if (snapshot.pid === 0) throw new TiffinError('conflict', 'not-running', 'container not running');
  const steps = planUpdate({
    facts: hostFacts(),
    paths: record.cgroups,
    resources: parseResources(resources),
  });
  if (!areFileSteps(steps)) {
    throw new TiffinError('unsupported', 'device-update', 'devices: cannot be changed by update');
  }
  applyFileSteps(steps);
}
