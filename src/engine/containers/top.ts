/** `top`: the processes of a container, from /proc. No program of the host or the container is asked. */

import { readFileSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { cgroupProcesses } from '../../cgroup/index.ts';
import type { ContainerTop } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { COLUMNS, columnsFor, readProcess } from './process-table.ts';

export function topContainer(parts: Parts, reference: string, psArgs: string): ContainerTop {
  const container = parts.containers.get(reference);
  requireLive(container);
  const columns = columnsFor(psArgs);
  if (!columns.includes('pid')) {
    const hint = 'add pid to the columns';
    throw new TiffinError('invalid', 'no-pid-column', "Couldn't find PID field in ps output", {
      hint,
    });
  }
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const { cgroup } = container.state;
  const pids = cgroup === undefined ? [container.state.pid] : cgroupProcesses(cgroup);
  const rows = pids.flatMap((pid) => {
    const process = readProcess(pid, uptime);
    return process === undefined ? [] : [columns.map((name) => COLUMNS[name].value(process))];
  });
  emitContainer(parts, container, 'top');
  return { Titles: columns.map((name) => COLUMNS[name].title), Processes: rows };
}

function requireLive(container: Container): void {
  if (container.isLive) return;
  const what =
    container.state.phase === 'restarting'
      ? 'is restarting, wait until the container is running'
      : 'is not running';
  throw new TiffinError('conflict', 'not-running', `container ${container.id} ${what}`);
}
