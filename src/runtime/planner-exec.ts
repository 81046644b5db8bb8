/** A further process in a running container: the same way into the program as the container's own (K1, K6). */

import type { Plan, Step } from '../plan/ops.ts';
import { CLONE } from './linux-flags.ts';
import { planStreamOwner } from './mapped-root.ts';
import { planPidfd } from './pidfd.ts';
import { planProcess, windowSize } from './process.ts';
import type { ExecRequest } from './request.ts';
import { planAffinity } from './scheduling.ts';
import { planEnterShared } from './shared-root.ts';
import { beside, enter, host, inside } from './step.ts';

export function planExec(request: ExecRequest): Plan {
  const { process, container, spec } = request;
  const extra = request.extraSteps ?? [];
  const affinity = planAffinity(process);
  const steps: Step[] = [host(request.supervise, 'what becomes of the launching process')];
  if (request.onFailure !== undefined) {
    steps.push(host({ op: 'on-failure', args: request.onFailure }, 'words a failure for its user'));
  }
  return [
    ...steps,
    ...extra.filter((step) => step.stage === 'host'),
    ...(request.supervise.mode === MONITOR ? planStreamOwner(spec.linux) : []),
    host({ op: 'clone', flags: 0n, cgroup: request.cloneInto }, 'a child of the joined namespaces'),
    ...affinity.before,
    // Joined while the hierarchies are still to be seen, so that nothing runs outside the container's limits.
    ...request.cgroupSteps,
    ...planOom(request),
    enter(
      {
        op: 'join-process',
        pid: container.pid,
        startTime: container.startTime,
        flags: container.namespaces,
      },
      'the namespaces of the container, unless its number belongs to another process by now',
    ),
    ...(request.pidFile === undefined
      ? []
      : [beside({ op: 'pid-file', path: request.pidFile }, 'asked for by the caller')]),
    ...affinity.after,
    ...planPidfd(request.pidfdSocket, 'setns'),
    ...planEnterShared(container.sharedRoot),
    inside({ op: 'session' }, 'no signal or terminal of the caller reaches it'),
    // Nameless: one with the name of the container's own could be made beforehand by whoever guesses it.
    inside({ op: 'keyring', name: '' }, "the caller's keys stay the caller's"),
    ...planTerminal(request),
    ...extra.filter((step) => step.stage === 'inside'),
    ...planProcess(process, {
      spec,
      facts: request.facts,
      ownUserNamespace: (container.namespaces & CLONE.user) !== 0n,
      user: request.user,
      home: request.home === true,
      init: false,
      listenerState: { ...request.listenerState, containerPid: container.pid },
      startSteps: [],
    }),
    ...extra.filter((step) => step.stage === 'teardown'),
  ];
}

const encoder = new TextEncoder();

/** The mode of `supervise` that makes pipes. */
const MONITOR = 2;

/** Through the host's /proc, and with the rights of the host: the container's own may be covered by anything (CVE-2025-52881). */
function planOom(request: ExecRequest): Step[] {
  const score = request.process.oomScoreAdj ?? request.spec.process?.oomScoreAdj;
  if (score === undefined) return [];
  return [
    enter(
      {
        op: 'write',
        path: '/proc/self/oom_score_adj',
        data: encoder.encode(String(score)),
        ignore: [],
      },
      'as the container has it',
    ),
  ];
}

function planTerminal(request: ExecRequest): Step[] {
  const { process, consoleSocket = '' } = request;
  if (process.terminal !== true) return [];
  return [
    inside({ op: 'terminal', ...windowSize(process), consoleSocket }, 'a terminal of its own'),
  ];
}
