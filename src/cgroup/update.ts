/** New limits for a running container. */

import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import { readKernelText } from '../host/kernel-files.ts';
import type { Step } from '../plan/ops.ts';
import type { LinuxCpu, LinuxMemory, LinuxResources } from '../spec/runtime/resources.ts';
import { limitWrites } from './controllers.ts';
import { deviceProgram } from './device-program.ts';
import { deviceRules } from './device-rules.ts';
import { deviceUpdates, parseDeviceList } from './devices.ts';
import { writeStep } from './plan.ts';
import type { CgroupPaths } from './types.ts';

export interface UpdateRequest {
  facts: HostFacts;
  paths: CgroupPaths;
  /** Only what shall change; absent parts stay as they are. */
  resources: LinuxResources;
}

/** Host steps that change the limits. Reads the cgroup where the way from the old limit to the new one matters. */
export function planUpdate({ facts, paths, resources }: UpdateRequest): Step[] {
  const { memory } = resources;
  if (memory?.checkBeforeUpdate) refuseLimitBelowUsage(memory, paths);
  const complete = {
    ...resources,
    ...completeMemory(memory, paths),
    ...completeCpu(resources, paths),
  };
  const limits = limitWrites(complete, paths, {
    facts,
    when: 'update',
  });
  return [
    ...limits.writes.map((limit) => writeStep('host', limit)),
    ...(resources.devices === undefined ? [] : deviceSteps(resources, paths)),
  ];
}

/** v2 has swap apart from memory, so a new sum of both needs the limit in force. */
function completeMemory(
  memory: LinuxMemory | undefined,
  paths: CgroupPaths,
): { memory?: LinuxMemory } {
  if (memory === undefined || memory.limit || !memory.swap || memory.swap < 0) return {};
  if (paths.v1.memory !== undefined) return {};
  const limit = Number(readKernelText(`${paths.v2}/memory.max`)?.trim());
  return Number.isInteger(limit) ? { memory: { ...memory, limit } } : {};
}

/** v2 has one file for quota and period, of which only the quota can be written alone. */
function completeCpu({ cpu }: LinuxResources, paths: CgroupPaths): { cpu?: LinuxCpu } {
  if (!cpu?.period || cpu.quota || paths.v1.cpu !== undefined) return {};
  const [quota] = (readKernelText(`${paths.v2}/cpu.max`) ?? '').split(' ');
  return quota !== undefined && /^\d+$/.test(quota)
    ? { cpu: { ...cpu, quota: Number(quota) } }
    : {};
}

/** v2 kills at once when the new limit is below what is in use. */
function refuseLimitBelowUsage(memory: LinuxMemory, paths: CgroupPaths): void {
  if (!memory.limit || memory.limit < 0) return;
  const file =
    paths.v1.memory === undefined
      ? `${paths.v2}/memory.current`
      : `${paths.v1.memory}/memory.usage_in_bytes`;
  const usage = Number(readKernelText(file) ?? 0);
  if (usage <= memory.limit) return;
  throw new TiffinError(
    'conflict',
    'limit-below-usage',
    `linux.resources.memory.limit: ${memory.limit} is below the ${usage} bytes in use`,
    {
      hint: 'choose a higher limit, or leave checkBeforeUpdate out to let the kernel reclaim or kill',
    },
  );
}

function deviceSteps(resources: LinuxResources, paths: CgroupPaths): Step[] {
  const rules = deviceRules(resources.devices);
  const v1 = paths.v1.devices;
  if (v1 === undefined) {
    const op = { op: 'device-filter', cgroup: paths.v2, program: deviceProgram(rules) } as const;
    return [{ stage: 'host', op, why: 'no device unless allowed' }];
  }
  const current = parseDeviceList(readKernelText(`${v1}/devices.list`) ?? '');
  return deviceUpdates(current, rules).map((item) => writeStep('host', { ...item, path: v1 }));
}
