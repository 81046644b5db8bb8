/** All controllers, and where on this machine each one's limits go. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { blkio } from './blkio.ts';
import type { CgroupWrite, Controller, LimitContext } from './controller.ts';
import { cpu } from './cpu.ts';
import { cpuset } from './cpuset.ts';
import { hugetlb } from './hugetlb.ts';
import { memory } from './memory.ts';
import { netCls, netPrio } from './network.ts';
import { pids } from './pids.ts';
import { rdma } from './rdma.ts';
import type { CgroupPaths } from './types.ts';
import { unifiedControllers, unifiedWrites } from './unified.ts';

const CONTROLLERS: readonly Controller[] = [
  cpuset,
  cpu,
  memory,
  pids,
  blkio,
  hugetlb,
  netCls,
  netPrio,
  rdma,
];

export interface PlacedWrite extends CgroupWrite {
  path: string;
}

export interface Limits {
  writes: PlacedWrite[];
  /** v2 controllers that must be enabled for these writes. */
  required: string[];
}

/**
 * Every limit with the directory it belongs to. A v1 hierarchy is preferred, because the kernel gives a controller to one
 * hierarchy only. Throws `unsupported` when a limit is asked for and this machine has no controller for it.
 */
export function limitWrites(
  resources: LinuxResources,
  paths: CgroupPaths,
  context: LimitContext,
): Limits {
  const writes: PlacedWrite[] = [];
  const required = new Set<string>();
  for (const controller of CONTROLLERS) {
    const directory = paths.v1[controller.v1Name];
    const wanted = directory === undefined ? controller.v2 : controller.v1;
    const limits = wanted(resources, context);
    if (limits.length === 0) continue;
    if (directory === undefined) required.add(v2Controller(controller, limits, paths, context));
    for (const limit of limits) writes.push({ ...limit, path: directory ?? paths.v2 });
  }
  for (const limit of unifiedWrites(resources, context)) {
    writes.push({ ...limit, path: paths.v2 });
  }
  for (const name of unifiedControllers(resources)) required.add(name);
  return { writes, required: [...required] };
}

function v2Controller(
  controller: Controller,
  limits: readonly CgroupWrite[],
  paths: CgroupPaths,
  { facts }: LimitContext,
): string {
  const name = controller.v2Name;
  if (paths.v2 !== '' && name !== undefined && facts.cgroup.controllers.includes(name)) return name;
  if (facts.delegated !== undefined && facts.cgroup.v1[controller.v1Name] !== undefined) {
    throw new TiffinError(
      'denied',
      'cgroup-not-writable',
      `cannot limit ${limits[0]?.why ?? controller.v1Name}: uid ${facts.uid} may not make ${controller.v1Name} cgroups here`,
      {
        hint: 'run as root, or boot with cgroup v2 alone and have a directory of it delegated to you',
      },
    );
  }
  throw new TiffinError(
    'unsupported',
    'no-such-controller',
    `cannot limit ${limits[0]?.why ?? controller.v1Name}: this machine has no ${controller.v1Name} controller`,
    { hint: 'enable the controller in the kernel, or remove the limit' },
  );
}
