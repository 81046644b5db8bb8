/** Control groups: limits, statistics, pausing. v1, v2 and both beside each other. */

export { applyFileSteps, applyFileStepsOrNone, areFileSteps } from './apply.ts';
export { freeze, isFrozen, planFreeze } from './freezer.ts';
export { ignoredLimits } from './ignored.ts';
export { oomKillCount, oomKills, peakMemory } from './oom.ts';
export { cgroupPaths } from './paths.ts';
export { joinSteps, planCgroup, removeSteps } from './plan.ts';
export { cgroupProcesses, execDirectory, refuseOccupied } from './processes.ts';
export { type Exact, readRuncStats } from './runc-stats.ts';
export {
  type BlockIoStats,
  type CgroupStats,
  type CpuStats,
  type HugetlbStats,
  type MemoryStats,
  type PidsStats,
  readStats,
  workingMemory,
} from './stats.ts';
export { subCgroups } from './sub-cgroup.ts';
export type { CgroupPaths, CgroupPlan, CgroupRequest } from './types.ts';
export { planUpdate, type UpdateRequest } from './update.ts';
