/** What goes into and comes out of the cgroup planner. */

import type { HostFacts } from '../host/facts.ts';
import type { Stage, Step } from '../plan/ops.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';

export interface CgroupRequest {
  facts: HostFacts;
  /** `/tiffin/<id>`: below the mount points. Without a leading slash: near this process's own cgroup. */
  path: string;
  resources: LinuxResources | undefined;
  /** The container's root may make cgroups of its own below its v2 cgroup: the directory is handed to this uid and gid. */
  delegate?: { uid: number; gid: number };
}

/** The directories of one container: what stats, freezing and removal need to find it again. Plain JSON. */
export interface CgroupPaths {
  /** Controller (or `name=systemd`) → directory in the v1 hierarchy; controllers mounted together share one. */
  v1: Readonly<Record<string, string>>;
  /** Directory in the v2 hierarchy; empty when there is none. */
  v2: string;
}

export interface CgroupPlan {
  /**
   * host: directories and limits, device rules; inside: the joins of the v1 hierarchies, first in the stage and before a
   * cgroup namespace is unshared; teardown: OOM counters, removal.
   */
  steps: Step[];
  /** Operand of `clone`: the v2 directory, or empty when the kernel cannot. */
  cloneInto: string;
  /** Joins for one more process (exec), to run before it unshares or joins a cgroup namespace. */
  joinSteps(stage: Stage): Step[];
  paths: CgroupPaths;
}
