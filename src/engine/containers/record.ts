/** What the engine remembers of a container across its own death. Plain JSON. */

import type { CgroupPaths } from '../../cgroup/types.ts';
import type { Descriptor } from '../../spec/content.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../../spec/docker.ts';
import type { MountRecord } from './mount-record.ts';

/** Set at creation; changed by rename and update only. */
export interface Definition {
  readonly id: string;
  name: string;
  /** RFC 3339. */
  readonly created: string;
  /** Config digest of the image. */
  readonly imageId: string;
  readonly manifest: Descriptor | undefined;
  /** Joined with what the image says. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Networks asked for, by name or id. */
  readonly networks: Record<string, EndpointSettings>;
  readonly mounts: readonly MountRecord[];
}

/**
 * Where a container stands. `starting` is written before a launch and says, after a crash, that something of it may
 * exist. A removal has no phase: its first act is to delete the record.
 */
export type Phase = 'created' | 'starting' | 'running' | 'paused' | 'restarting' | 'exited';

export interface RunState {
  phase: Phase;
  /** Of the container's first process; 0: none. */
  pid: number;
  /** Clock ticks since boot, decimal, proc_pid_stat(5) field 22. */
  startTime: string;
  /** RFC 3339; `NEVER` at first. */
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  oomKilled: boolean;
  /** Why the last start failed. */
  error: string;
  /** Restarts by policy since the last start by hand. */
  restartCount: number;
  /** Stopped or killed on request: no policy starts it again, not even `unless-stopped` with the next engine. */
  stoppedByHand: boolean;
  /** Of the current or last run. */
  cgroup: CgroupPaths | undefined;
}

export const NEVER = '0001-01-01T00:00:00Z';

export function initialState(): RunState {
  return {
    phase: 'created',
    pid: 0,
    startTime: '0',
    startedAt: NEVER,
    finishedAt: NEVER,
    exitCode: 0,
    oomKilled: false,
    error: '',
    restartCount: 0,
    stoppedByHand: false,
    cgroup: undefined,
  };
}

/** Which phase may follow which; anything else is a defect of ours. */
const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  created: ['starting'],
  starting: ['running', 'created', 'exited', 'restarting'],
  running: ['paused', 'restarting', 'exited'],
  paused: ['running', 'restarting', 'exited'],
  restarting: ['starting', 'exited'],
  exited: ['starting', 'restarting'],
};

export function mayFollow(from: Phase, to: Phase): boolean {
  return NEXT[from].includes(to);
}
