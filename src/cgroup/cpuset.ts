/** Processors and memory nodes: linux.resources.cpu.cpus and mems. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, write } from './controller.ts';

/** Bounds what reaches the kernel; a machine with 8192 processors writes its whole list in less. */
const MAX_LIST_LENGTH = 4096;

export const cpuset: Controller = {
  v1Name: 'cpuset',
  v2Name: 'cpuset',
  v1: cpusetWrites,
  v2: cpusetWrites,
};

/** The files that a new v1 cpuset must have filled before it takes a process. */
export const CPUSET_FILES = ['cpuset.cpus', 'cpuset.mems'] as const;

function cpusetWrites({ cpu }: LinuxResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu?.cpus) {
    checkList(cpu.cpus, 'linux.resources.cpu.cpus');
    writes.push(write('cpuset.cpus', cpu.cpus, `processors ${cpu.cpus}`));
  }
  if (cpu?.mems) {
    checkList(cpu.mems, 'linux.resources.cpu.mems');
    writes.push(write('cpuset.mems', cpu.mems, `memory nodes ${cpu.mems}`));
  }
  return writes;
}

/** `0-3,7`: the kernel checks the numbers themselves, so huge ones cost nothing here (CVE-2018-20699). */
function checkList(list: string, field: string): void {
  if (list.length <= MAX_LIST_LENGTH && /^[0-9,\-:/ ]+$/.test(list)) return;
  throw new TiffinError(
    'invalid',
    'invalid-cpuset',
    `${field}: not a list of numbers and ranges: ${JSON.stringify(list.slice(0, 64))}`,
    { hint: 'write it as 0-3,7' },
  );
}
