/** `update`: other limits and another restart policy, in force at once if the container runs. */

import { applyFileStepsOrNone, areFileSteps, planUpdate } from '../../cgroup/index.ts';
import { encodePlan } from '../../plan/encode.ts';
import { wordFailure } from '../../runtime/failure.ts';
import type { ContainerUpdateRequest, HostConfig, Resources } from '../../spec/docker.ts';
import { deviceDoor } from '../device-door.ts';
import type { Parts } from '../parts.ts';
import { toResources } from '../spec/resources.ts';
import { validateResources } from '../spec/validate-resources.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';

/** Limits that can change; zeros and absent fields leave things as they are, as Docker's client sends them. */
const CHANGEABLE = [
  'BlkioWeight',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'NanoCpus',
  'PidsLimit',
] as const satisfies readonly (keyof Resources)[];

export async function updateContainer(
  parts: Parts,
  reference: string,
  request: ContainerUpdateRequest,
): Promise<string[]> {
  const container = parts.containers.get(reference);
  await container.turns.run(async () => {
    const { hostConfig } = container.definition;
    const change = changes(hostConfig, request);
    const merged: HostConfig = { ...hostConfig, ...change };
    validateResources(merged, parts.facts);
    if (container.isLive) {
      // Docker's word for no limit is -1; here 0 stands for what does not change.
      const unlimitsPids = (request.PidsLimit ?? 0) < 0;
      await apply(parts, container, { ...merged, ...unchanged(change) }, unlimitsPids);
    }
    Object.assign(hostConfig, change);
    if (request.RestartPolicy !== undefined) hostConfig.RestartPolicy = request.RestartPolicy;
    container.saveDefinition();
    emitContainer(parts, container, 'update');
  });
  return [];
}

function changes(current: HostConfig, request: ContainerUpdateRequest): Partial<Resources> {
  const change: Partial<Resources> = {};
  for (const key of CHANGEABLE) {
    const value = request[key];
    if (value === undefined || value === null || value === 0 || value === '') continue;
    Object.assign(change, { [key]: value });
  }
  // More memory than the old sum with swap would be refused; without a word about swap it grows along.
  const memory = change.Memory ?? 0;
  if (
    memory > 0 &&
    change.MemorySwap === undefined &&
    current.MemorySwap > 0 &&
    current.MemorySwap < memory
  ) {
    change.MemorySwap = memory * 2;
  }
  return change;
}

/** Zeros for every limit that the request does not touch, so that only the others are written. */
function unchanged(change: Partial<Resources>): Partial<Resources> {
  const zeros: Partial<Resources> = {
    BlkioWeight: 0,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpuShares: 0,
    CpusetCpus: '',
    CpusetMems: '',
    Memory: 0,
    MemoryReservation: 0,
    MemorySwap: 0,
    NanoCpus: 0,
    PidsLimit: 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
  };
  return { ...zeros, ...change };
}

async function apply(
  parts: Parts,
  container: Container,
  limits: Resources,
  unlimitsPids: boolean,
): Promise<void> {
  const { cgroup } = container.state;
  if (cgroup === undefined) return;
  const resources = {
    ...toResources(limits, parts.facts, deviceDoor),
    ...(unlimitsPids && { pids: { limit: -1 } }),
  };
  const steps = planUpdate({ facts: parts.facts, paths: cgroup, resources });
  if (areFileSteps(steps)) return applyFileStepsOrNone(steps);
  const result = await parts.launcher.apply(encodePlan(steps));
  if (!result.ok) throw wordFailure(steps, result.failure);
}
