/** What a container is doing, asked of the kernel each time and never remembered. */

import { existsSync, readlinkSync } from 'node:fs';
import { errnoName } from '../base/errors.ts';
import { isFrozen } from '../cgroup/index.ts';
import { readKernelText } from '../host/kernel-files.ts';
import type { ContainerRecord, StateDirectory } from './state-directory.ts';

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

export interface Snapshot {
  status: Status;
  /** 0 unless there is a process. */
  pid: number;
  startTime: bigint;
}

export function inspectStatus(directory: StateDirectory, record: ContainerRecord): Snapshot {
  const process = directory.process();
  if (process === undefined) {
    const creating = isAlive(record.creator.pid, BigInt(record.creator.startTime));
    return { status: creating ? 'creating' : 'stopped', pid: 0, startTime: 0n };
  }
  if (!isAlive(process.pid, process.startTime)) {
    return { status: 'stopped', pid: 0, startTime: 0n };
  }
  return { ...process, status: runningStatus(directory, record, process.pid) };
}

function runningStatus(directory: StateDirectory, record: ContainerRecord, pid: number): Status {
  if (existsSync(directory.file('gate')) && isShim(pid)) return 'created';
  return hasFreezer(record) && isFrozen(record.cgroups) ? 'paused' : 'running';
}

function hasFreezer({ cgroups }: ContainerRecord): boolean {
  return cgroups.v2 !== '' || cgroups.v1.freezer !== undefined;
}

/**
 * Before execve the container's process is still the shim, from its memory file. To whoever is not root it does not show
 * that, but its name: which lies only if the program was given that name, and then about this container alone.
 */
function isShim(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).startsWith('/memfd:tiffin-shim');
  } catch (error) {
    if (errnoName(error) !== 'EACCES') return false;
    return readKernelText(`/proc/${pid}/comm`) === 'tiffin-shim\n';
  }
}

/** A zombie counts as dead; a process that started at another time is somebody else. */
export function isAlive(pid: number, startTime: bigint): boolean {
  const found = processStat(pid);
  return found !== undefined && found.startTime === startTime && !'ZX'.includes(found.state);
}

/** State letter and start time of proc_pid_stat(5), fields 3 and 22. */
export function processStat(pid: number): { state: string; startTime: bigint } | undefined {
  const text = readKernelText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The program's name, field 2, may hold spaces and parentheses: fields are counted from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTime: BigInt(fields[19] ?? 0) };
}
