/** A container's state as Docker shows it. */

import type { ContainerState, ContainerStatus } from '../../spec/docker.ts';
import type { Container } from './container.ts';
import { describeDuration } from './describe-time.ts';
import { NEVER } from './record.ts';

/** A start under way shows as what was before it. */
export function statusOf(container: Container): ContainerStatus {
  const { phase, finishedAt } = container.state;
  if (container.isRestarting) return 'restarting';
  if (phase === 'starting') return finishedAt === NEVER ? 'created' : 'exited';
  return phase;
}

export function stateView(container: Container): ContainerState {
  const { state } = container;
  const health = container.health?.view();
  return {
    Status: statusOf(container),
    Running: container.isRunning,
    Paused: state.phase === 'paused',
    Restarting: container.isRestarting,
    OOMKilled: state.oomKilled,
    Dead: false,
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(health === undefined ? {} : { Health: health }),
  };
}

/** The STATUS column: `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
export function statusText(container: Container, nowMs: number): string {
  const { state } = container;
  const since = (time: string): string => describeDuration(nowMs - Date.parse(time));
  switch (statusOf(container)) {
    case 'created':
      return 'Created';
    case 'running': {
      const health = container.health?.view().Status;
      const suffix = health === undefined || health === 'none' ? '' : healthText(health);
      return `Up ${since(state.startedAt)}${suffix}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    default:
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

function healthText(health: 'starting' | 'healthy' | 'unhealthy'): string {
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}
