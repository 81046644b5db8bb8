/** What the kernel knows of a process for its scheduling: processor, disk, memory nodes. */

import type { Step } from '../plan/ops.ts';
import { parseNumberList } from '../spec/number-list.ts';
import type { Process, RuntimeSpec } from '../spec/runtime/index.ts';
import { enter, inside } from './step.ts';

/** sched_setattr(2), include/uapi/linux/sched.h. */
const POLICIES = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;
const SCHEDULER_FLAGS = {
  SCHED_FLAG_RESET_ON_FORK: 0x01n,
  SCHED_FLAG_RECLAIM: 0x02n,
  SCHED_FLAG_DL_OVERRUN: 0x04n,
  SCHED_FLAG_KEEP_POLICY: 0x08n,
  SCHED_FLAG_KEEP_PARAMS: 0x10n,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20n,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40n,
} as const;

/** ioprio_set(2). */
const IO_CLASSES = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;

/** set_mempolicy(2), include/uapi/linux/mempolicy.h. */
const MEMORY_MODES = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
} as const;
const MEMORY_FLAGS = {
  MPOL_F_STATIC_NODES: 1 << 15,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_NUMA_BALANCING: 1 << 13,
} as const;

export const MEMORY_POLICY_NAMES = {
  modes: Object.keys(MEMORY_MODES),
  flags: Object.keys(MEMORY_FLAGS),
};

/** While the process still has the rights that better treatment than others takes. */
export function planScheduling(process: Process, spec: RuntimeSpec): Step[] {
  return [...planScheduler(process), ...planIoPriority(process), ...planMemoryPolicy(spec)];
}

function planScheduler({ scheduler }: Process): Step[] {
  if (scheduler === undefined) return [];
  const flags = (scheduler.flags ?? []).reduce((bits, flag) => bits | SCHEDULER_FLAGS[flag], 0n);
  return [
    inside(
      {
        op: 'scheduler',
        policy: POLICIES[scheduler.policy],
        flags,
        nice: Number(BigInt.asUintN(32, BigInt(scheduler.nice ?? 0))),
        priority: scheduler.priority ?? 0,
        runtime: BigInt(scheduler.runtime ?? 0),
        deadline: BigInt(scheduler.deadline ?? 0),
        period: BigInt(scheduler.period ?? 0),
      },
      `the kernel's scheduler treats it as ${scheduler.policy}`,
    ),
  ];
}

function planIoPriority({ ioPriority }: Process): Step[] {
  if (ioPriority === undefined) return [];
  return [
    inside(
      {
        op: 'io-priority',
        class: IO_CLASSES[ioPriority.class],
        priority: ioPriority.priority ?? 0,
      },
      'its turn at the disks',
    ),
  ];
}

function planMemoryPolicy({ linux }: RuntimeSpec): Step[] {
  const policy = linux?.memoryPolicy;
  if (policy === undefined) return [];
  const flags = (policy.flags ?? []).reduce((bits, flag) => bits | MEMORY_FLAGS[flag], 0);
  return [
    inside(
      {
        op: 'memory-policy',
        mode: MEMORY_MODES[policy.mode] | flags,
        nodes: parseNumberList(policy.nodes ?? '') ?? new Uint8Array(0),
      },
      'which memory nodes its memory comes from',
    ),
  ];
}

/** Processors of an exec before it stands in the container's cgroup, and after: not for the container's own process. */
export function planAffinity({ execCPUAffinity }: Process): { before: Step[]; after: Step[] } {
  const mask = (list: string | undefined) => parseNumberList(list ?? '') ?? new Uint8Array(0);
  const before = mask(execCPUAffinity?.initial);
  const after = mask(execCPUAffinity?.final);
  return {
    before:
      before.length === 0
        ? []
        : [enter({ op: 'affinity', mask: before }, "until it is in the container's cgroup")],
    after:
      after.length === 0
        ? []
        : [inside({ op: 'affinity', mask: after }, "now that it is in the container's cgroup")],
  };
}
