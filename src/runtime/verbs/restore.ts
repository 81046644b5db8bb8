/** `restore`: a container goes on where a checkpoint stopped it, by CRIU. */

import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import {
  type CgroupPaths,
  cgroupPaths,
  cgroupProcesses,
  planCgroup,
  refuseOccupied,
} from '../../cgroup/index.ts';
import { uniquePaths } from '../../cgroup/paths.ts';
import type { HostFacts } from '../../host/facts.ts';
import { becomeShim } from '../become-shim.ts';
import { type Bundle, loadBundle } from '../bundle.ts';
import type { OciContext } from '../context.ts';
import { type CriuOptions, commonArguments, criuDirectories } from '../criu/options.ts';
import {
  networkPath,
  type Outside,
  readOutside,
  refuseUnrestorable,
  restoreArguments,
} from '../criu/outside.ts';
import { requireCriu, runCriu } from '../criu/program.ts';
import { runHooks } from '../hooks-run.ts';
import { runHostSteps } from '../host-steps.ts';
import { placeContainer, type StartedUnit } from '../placement.ts';
import { StateDirectory } from '../state-directory.ts';
import { processStat } from '../status.ts';
import { isEmpty, newRecord } from './create.ts';
import { planForeground } from './restore-foreground.ts';
import { find, stateDocument } from './state.ts';

export interface RestoreOptions extends CriuOptions {
  bundle: string;
  /** Without it this process ends with the container's status. */
  detach: boolean;
  pidFile: string | undefined;
  lsmProfile: string | undefined;
  lsmMountContext: string | undefined;
}

const LOG = 'restore.log';

export async function restore(options: RestoreOptions, context: OciContext): Promise<number> {
  const criu = requireCriu();
  const bundle = loadBundle(options.bundle, context.workingDirectory);
  refuseUnrestorable(bundle.spec);
  const directories = criuDirectories(options, context);
  const outside = readOutside(directories.images);
  const { facts, path, unit } = await placeContainer(bundle, options.id, context);
  const cgroups = cgroupPaths(facts, path);
  const directory = new StateDirectory(context.root, options.id);
  directory.claim();
  let started: StartedUnit | undefined;
  try {
    refuseOccupied(cgroups);
    const { pidFile, id } = options;
    const record = { id, ...(pidFile === undefined ? {} : { pidFile }) };
    directory.write(newRecord(bundle, record, facts, { cgroups, unit }), bundle.text);
    started = await unit?.start();
    makeCgroups(bundle, facts, path, directory, context);
    const log = join(directories.work, LOG);
    const argv = [
      ...[criu, 'restore', '--restore-detached', '--pidfile', join(directory.path, 'pid')],
      ...commonArguments(options, directories, LOG),
      ...ownArguments(options, bundle, outside, join(directory.path, 'root')),
      ...cgroupRoots(cgroups, facts),
    ];
    const wrapped = wrap(argv, bundle, uniquePaths(cgroups), directory);
    if (!options.detach) {
      const plan = planForeground(
        { bundle, facts, path, directory, id, pidFile, log },
        wrapped,
        context,
      );
      return await becomeShim(started?.adapt(plan) ?? plan, directory.file('plan'), 0, context);
    }
    runCriu(wrapped, log);
    notePid(directory, cgroups, pidFile);
    started?.settled();
  } catch (error) {
    await started?.undo();
    undo(bundle, facts, path, directory, context);
    throw error;
  }
  const [failure] = runHooks(bundle.spec, 'poststart', stateDocument(find(options.id, context)));
  if (failure !== undefined) context.warn(failure.message);
  return 0;
}

/** The same limits and device rules as of a new container: CRIU knows nothing of device filters. */
function makeCgroups(
  { spec }: Bundle,
  facts: HostFacts,
  path: string,
  directory: StateDirectory,
  context: OciContext,
): void {
  const { steps } = planCgroup({ facts, path, resources: spec.linux?.resources });
  const host = steps.filter(({ stage }) => stage === 'host');
  runHostSteps(host, join(directory.path, 'cgroups'), context);
}

function undo(
  { spec }: Bundle,
  facts: HostFacts,
  path: string,
  directory: StateDirectory,
  context: OciContext,
): void {
  const { steps } = planCgroup({ facts, path, resources: spec.linux?.resources });
  const removal = steps.filter(({ op }) => op.op === 'remove-cgroup');
  try {
    runHostSteps(
      removal.map((step) => ({ ...step, stage: 'host' })),
      join(directory.path, 'remove'),
      context,
    );
  } finally {
    directory.remove();
  }
}

function ownArguments(
  options: RestoreOptions,
  { spec }: Bundle,
  outside: Outside,
  root: string,
): string[] {
  return [
    ...['--root', root, '--evasive-devices'],
    ...restoreArguments(outside, spec),
    ...(options.lsmProfile === undefined ? [] : ['--lsm-profile', options.lsmProfile]),
    ...(options.lsmMountContext === undefined
      ? []
      : ['--lsm-mount-context', options.lsmMountContext]),
  ];
}

/** Paths below the mount points, in place of those at the checkpoint. */
function cgroupRoots({ v1, v2 }: CgroupPaths, { cgroup }: HostFacts): string[] {
  const roots = Object.entries(v1).map(
    ([name, path]) => `${name}:${path.slice(cgroup.v1[name]?.length ?? 0)}`,
  );
  if (v2 !== '') roots.push(v2.slice(cgroup.v2?.length ?? 0));
  return roots.flatMap((root) => ['--cgroup-root', root]);
}

/**
 * CRIU wants its root to be a mount point: in a mount namespace of its own, that nothing is left on the host however this
 * ends. And it starts inside of the container's cgroups, so that no restored process is ever outside of them.
 */
const WRAPPER = `set -e
root=$1 at=$2 net=$3; shift 3
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift
mount --rbind "$root" "$at"
mount --make-rprivate "$at"
if [ -n "$net" ]; then exec 3< "$net"; fi
exec "$@"`;

function wrap(
  argv: readonly string[],
  { spec, rootfs }: Bundle,
  cgroups: readonly string[],
  directory: StateDirectory,
): string[] {
  const at = join(directory.path, 'root');
  mkdirSync(at);
  const [network = ''] = networkPath(spec);
  return [
    ...['/usr/bin/unshare', '--mount', '--propagation', 'slave', '/bin/sh', '-c', WRAPPER, 'sh'],
    ...[rootfs, at, network, ...cgroups, '--', ...argv],
  ];
}

/** As the shim notes it of a new container. */
function notePid(
  directory: StateDirectory,
  cgroups: CgroupPaths,
  pidFile: string | undefined,
): void {
  const file = join(directory.path, 'pid');
  const pid = Number(readFileSync(file, 'utf8'));
  const stat = processStat(pid);
  if (stat === undefined) {
    throw new TiffinError('unavailable', 'criu-failed', 'criu failed: the process ended at once');
  }
  const group = cgroupProcesses(cgroups);
  if (!isEmpty(cgroups) && !group.includes(pid)) {
    process.kill(pid, 'SIGKILL');
    throw new TiffinError('unavailable', 'criu-failed', 'criu failed: outside of its cgroup');
  }
  writeFileSync(directory.file('process'), `${pid} ${stat.startTime}\n`, { mode: 0o644 });
  if (pidFile !== undefined) writeFileSync(resolve(pidFile), String(pid));
  rmSync(file);
  rmdirSync(join(directory.path, 'root'));
}
