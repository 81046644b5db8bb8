/** Changes to the network of a running container: a short-lived process enters its namespace, nothing else of it. */

import type { Plan, Step } from '../plan/ops.ts';
import { CLONE } from './linux-flags.ts';
import { planNetwork } from './network.ts';
import type { ContainerProcess } from './request.ts';
import { enter, host } from './step.ts';

/** `steps`: beside ones see the namespace as that of the launched process, inside ones run in it. For `Launcher.apply`. */
export function planNetworkChange(
  container: Pick<ContainerProcess, 'pid' | 'startTime'>,
  steps: readonly Step[],
): Plan {
  const network = planNetwork({ created: new Set(), joined: new Set() }, steps);
  return [
    ...network.host,
    host({ op: 'clone', flags: 0n, cgroup: '' }, 'a process that enters, changes and ends'),
    enter(
      {
        op: 'join-process',
        pid: container.pid,
        startTime: container.startTime,
        flags: CLONE.network,
      },
      'the network of the container, unless its number belongs to another process by now',
    ),
    ...network.beside,
    ...network.besideLinks,
    ...network.inside,
    ...network.insideLinks,
    ...network.teardown,
  ];
}
