/** Where a container's cgroups are to be, and what has to be there before its process. */

import { cgroupPaths } from '../cgroup/index.ts';
import { type HostFacts, hostFacts } from '../host/facts.ts';
import type { Plan } from '../plan/ops.ts';
import type { Bundle } from './bundle.ts';
import { planCgroupPath } from './cgroup-path.ts';
import type { OciContext } from './context.ts';
import type { UnitRecord } from './systemd/scope.ts';

export interface Placement {
  /** As `CgroupRequest.path` has it. */
  path: string;
  facts: HostFacts;
  /** Only with --systemd-cgroup. */
  unit?: PlacedUnit;
}

export interface PlacedUnit {
  record: UnitRecord;
  start(): Promise<StartedUnit>;
}

export interface StartedUnit {
  /** The launch's plan, for a group that systemd takes away. */
  adapt(plan: Plan): Plan;
  /** The container's process is in the unit. */
  settled(): void;
  /** The launch has failed. */
  undo(): Promise<void>;
}

export async function placeContainer(
  bundle: Bundle,
  id: string,
  context: OciContext,
): Promise<Placement> {
  const facts = factsFor(context);
  if (context.noCgroups) return { path: id, facts };
  if (!context.systemdCgroup) return { path: planCgroupPath({ id, spec: bundle.spec }), facts };
  return placeInUnit(bundle, id, facts, context);
}

/** Without cgroups of its own a container is planned as for a caller who may not make any. */
export function factsFor({ noCgroups }: OciContext): HostFacts {
  const facts = hostFacts();
  // Not a copy: most facts are read only when somebody asks.
  return noCgroups ? Object.create(facts, { delegated: { value: {} } }) : facts;
}

async function placeInUnit(
  { spec }: Bundle,
  id: string,
  facts: HostFacts,
  context: OciContext,
): Promise<Placement> {
  const systemd = await import('./systemd/scope.ts');
  const place = await systemd.placeUnit(spec.linux?.cgroupsPath ?? '', id, facts, context);
  const record = systemd.unitRecord(place);
  const start = async (): Promise<StartedUnit> => {
    const holder = await systemd.startUnit(place, spec, id, context);
    return {
      adapt: (plan) => systemd.adaptPlan(plan, cgroupPaths(place.facts, place.path), holder),
      settled: () => holder?.end(),
      undo: async () => {
        holder?.end();
        await systemd.stopUnit(record, context);
      },
    };
  };
  return { path: place.path, facts: place.facts, unit: { record, start } };
}
