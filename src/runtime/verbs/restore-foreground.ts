/** A restore in front of its caller: the shim runs CRIU, takes the container's process over and ends with its status. */

import { join, resolve } from 'node:path';
import { cgroupPaths, planCgroup } from '../../cgroup/index.ts';
import type { HostFacts } from '../../host/facts.ts';
import type { Plan } from '../../plan/ops.ts';
import type { Bundle } from '../bundle.ts';
import type { OciContext } from '../context.ts';
import { ENVIRONMENT } from '../criu/program.ts';
import { planHooks } from '../hooks.ts';
import type { StateDirectory } from '../state-directory.ts';
import { beside, host, running } from '../step.ts';
import { FOREGROUND, forgetState, supervise } from './create.ts';

interface Restored {
  bundle: Bundle;
  facts: HostFacts;
  /** As `CgroupRequest.path` has it. */
  path: string;
  directory: StateDirectory;
  id: string;
  pidFile: string | undefined;
  /** Of CRIU. */
  log: string;
}

/** `args`: the command that restores, which leaves `pid` in the state directory and uses `root` there as a mount point. */
export function planForeground(
  { bundle, facts, path, directory, id, pidFile, log }: Restored,
  args: string[],
  context: OciContext,
): Plan {
  const { v1, v2 } = cgroupPaths(facts, path);
  const cgroup = v2 === '' ? (Object.values(v1)[0] ?? '') : v2;
  const { steps } = planCgroup({ facts, path, resources: bundle.spec.linux?.resources });
  const hooks = planHooks(bundle.spec, id, bundle.path);
  const file = join(directory.path, 'pid');
  const env = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const onFailure = [...context.self, ...context.globalFlags, 'report-failure', 'launch', id];
  return [
    host(supervise(FOREGROUND), 'what becomes of the launching process'),
    host({ op: 'on-failure', args: onFailure }, 'words a failure for its user'),
    host({ op: 'adopt', args, env, pidFile: file, cgroup, log }, 'the container goes on'),
    beside(
      { op: 'process-file', path: join(directory.path, 'process') },
      'which process it is, told apart from a later one with its number',
    ),
    ...(pidFile === undefined
      ? []
      : [beside({ op: 'pid-file', path: resolve(pidFile) }, 'asked for by the caller')]),
    running({ op: 'remove-directory', path: join(directory.path, 'root') }, 'CRIU has done'),
    running({ op: 'unlink', path: directory.file('plan') }, 'every step has succeeded'),
    ...hooks.poststart,
    ...steps.filter(({ stage }) => stage === 'teardown'),
    ...hooks.poststop,
    ...forgetState(directory, pidFile),
  ];
}
