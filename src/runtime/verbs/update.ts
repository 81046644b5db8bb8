/** `update`: new limits for a running container. */

import { TiffinError } from '../../base/errors.ts';
import { applyFileStepsOrNone, planUpdate } from '../../cgroup/index.ts';
import { hostFacts } from '../../host/facts.ts';
import { parseResources } from '../../spec/runtime/index.ts';
import type { OciContext } from '../context.ts';
import { find } from './state.ts';

export interface UpdateOptions {
  id: string;
  /** A document of runtime-spec `linux.resources`, unchecked. */
  resources: unknown;
  /** Intel RDT; empty: not given. */
  cacheSchema: string;
  bandwidthSchema: string;
}

export async function update(options: UpdateOptions, context: OciContext): Promise<void> {
  const { record, snapshot } = find(options.id, context);
  if (snapshot.pid === 0) throw new TiffinError('conflict', 'not-running', 'container not running');
  refuseRdt(options);
  const { devices: _, memory, ...resources } = parseResources(options.resources);
  const { kernel, kernelTCP, ...limits } = memory ?? {};
  if (kernel !== undefined || kernelTCP !== undefined) {
    context.warn('kernel memory settings are ignored');
  }
  // Device rules stay: callers hand over the document of the creation, which knows nothing of devices that others allowed since.
  const changed = { ...resources, ...(memory === undefined ? {} : { memory: limits }) };
  const facts = hostFacts();
  const steps = planUpdate({ facts, paths: record.cgroups, resources: changed });
  applyFileStepsOrNone(steps);
  if (record.unit === undefined) return;
  const { updateUnit } = await import('../systemd/scope.ts');
  await updateUnit(record.unit, changed, facts, context);
  // systemd has written what it made of them, such as a quota in whole hundredths.
  applyFileStepsOrNone(steps);
}

function refuseRdt({ cacheSchema, bandwidthSchema }: UpdateOptions): void {
  if (cacheSchema === '' && bandwidthSchema === '') return;
  const name = cacheSchema === '' ? 'MBA: memory bandwidth' : 'CAT: l3 cache';
  throw new TiffinError('unsupported', 'no-intel-rdt', `Intel RDT/${name} schema is not enabled`);
}
