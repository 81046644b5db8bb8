/** Memory and swap: linux.resources.memory. Kernel memory limits are left out, as the kernel dropped them. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxMemory } from '../spec/runtime/resources.ts';
import {
  type CgroupWrite,
  type Controller,
  EBUSY,
  EINVAL,
  type LimitContext,
  v1Limit,
  v2Limit,
  write,
} from './controller.ts';

export const memory: Controller = {
  v1Name: 'memory',
  v2Name: 'memory',
  v1: ({ memory }, context) => {
    if (memory === undefined) return [];
    return [
      ...v1LimitAndSwap(memory, context),
      ...(memory.reservation ? [softLimit(memory.reservation)] : []),
      ...(memory.kernelTCP
        ? [write('memory.kmem.tcp.limit_in_bytes', v1Limit(memory.kernelTCP), 'socket buffers')]
        : []),
      ...(memory.disableOOMKiller
        ? [write('memory.oom_control', '1', 'pause instead of killing when memory runs out')]
        : []),
      ...(memory.swappiness === undefined
        ? []
        : [write('memory.swappiness', memory.swappiness, 'how eagerly memory is swapped')]),
    ];
  },
  // Swappiness and a disabled OOM killer do not exist in v2; both are advice, and their absence protects nobody less.
  v2: ({ memory }) => {
    if (memory === undefined) return [];
    return [
      ...v2Swap(memory),
      ...(memory.limit ? [write('memory.max', v2Limit(memory.limit), limitWhy(memory.limit))] : []),
      ...(memory.reservation
        ? [write('memory.low', v2Limit(memory.reservation), 'protected from reclaim')]
        : []),
    ];
  },
};

function v1LimitAndSwap(memory: LinuxMemory, { facts, when }: LimitContext): CgroupWrite[] {
  const limit = memory.limit
    ? [write('memory.limit_in_bytes', v1Limit(memory.limit), limitWhy(memory.limit))]
    : [];
  // Without a limit on memory, one on memory and swap together would stand in the way of it.
  const swap = memory.swap || (memory.limit === -1 ? -1 : 0);
  if (swap > 0 && !facts.swapAccounting) throw noSwapAccounting(memory);
  if (swap === 0 || !facts.swapAccounting) return limit;
  const both = write('memory.memsw.limit_in_bytes', v1Limit(swap), swapWhy(swap));
  if (when === 'create' || limit.length === 0) return [...limit, both];
  // The kernel keeps memory <= memory + swap at each write: raising goes through at once here, lowering after the limit.
  return [{ ...both, ignore: [EINVAL, EBUSY] }, ...limit, both];
}

function v2Swap(memory: LinuxMemory): CgroupWrite[] {
  const { limit = 0, swap = 0 } = memory;
  if (swap === 0) {
    return limit === -1 ? [write('memory.swap.max', 'max', swapWhy(-1))] : [];
  }
  if (swap < 0) return [write('memory.swap.max', 'max', swapWhy(-1))];
  if (limit <= 0 || swap < limit) {
    throw new TiffinError(
      'invalid',
      'invalid-swap-limit',
      `linux.resources.memory.swap: ${swap} is memory and swap together and needs a memory limit of at most that`,
      { hint: 'set memory.limit, and swap to limit plus swap' },
    );
  }
  return [write('memory.swap.max', swap - limit, `at most ${swap - limit} bytes of swap`)];
}

function softLimit(reservation: number): CgroupWrite {
  return write('memory.soft_limit_in_bytes', v1Limit(reservation), 'kept when memory is short');
}

function limitWhy(limit: number): string {
  return limit < 0 ? 'no memory limit' : `at most ${limit} bytes of memory`;
}

function swapWhy(swap: number): string {
  return swap < 0 ? 'no swap limit' : `at most ${swap} bytes of memory and swap together`;
}

function noSwapAccounting(memory: LinuxMemory): TiffinError {
  return new TiffinError(
    'unsupported',
    'no-swap-accounting',
    `linux.resources.memory.swap: ${memory.swap}: this kernel does not count swap by cgroup`,
    { hint: 'start the kernel with swapaccount=1, or set no swap limit' },
  );
}
