/** The cgroup part of a launch: directories, limits, joins, removal. */

import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Stage, Step } from '../plan/ops.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { EBUSY, EINVAL, ENOENT, EOPNOTSUPP, type LimitContext } from './controller.ts';
import { limitWrites, type PlacedWrite } from './controllers.ts';
import { CPUSET_FILES } from './cpuset.ts';
import { deviceProgram } from './device-program.ts';
import { deviceRules } from './device-rules.ts';
import { deviceWrites } from './devices.ts';
import { captureSteps } from './oom.ts';
import { type CgroupDirectory, cgroupDirectories, cgroupPaths, uniquePaths } from './paths.ts';
import type { CgroupPaths, CgroupPlan, CgroupRequest } from './types.ts';

const NO_CGROUP: CgroupPaths = { v1: {}, v2: '' };

const encoder = new TextEncoder();

/**
 * Plans a container's cgroups. Every hierarchy is used: one costs about 40 us from mkdir to rmdir, and what a container is
 * not in, its mounts of that hierarchy would show the host's top of.
 *
 * The joins of v1 hierarchies must run before the cgroup namespace is unshared, whose top is where the process then is;
 * CLONE_NEWCGROUP at clone time would take the parent's place instead, even together with CLONE_INTO_CGROUP.
 */
export function planCgroup(request: CgroupRequest): CgroupPlan {
  const { facts } = request;
  const resources = request.resources ?? {};
  const paths = cgroupPaths(facts, request.path);
  if (uniquePaths(paths).length === 0) return withoutCgroup(facts, resources);
  const directories = cgroupDirectories(facts, paths);
  const context: LimitContext = { facts, when: 'create' };
  const limits = limitWrites(resources, paths, context);
  const steps = [
    ...directories.flatMap((directory) => directorySteps(directory, facts, limits.required)),
    ...limits.writes.map((limit) => writeStep('host', limit)),
    ...deviceSteps(resources, paths, facts),
    ...delegation(request, paths),
    ...joinSteps(paths, facts, 'inside'),
    ...captureSteps(paths),
    ...removeSteps(paths, 'teardown'),
  ];
  return {
    steps,
    cloneInto: facts.cloneIntoCgroup ? paths.v2 : '',
    joinSteps: (stage) => joinSteps(paths, facts, stage),
    paths,
  };
}

/** Steps that remove a container's cgroups, with whatever still runs in them. */
export function removeSteps(paths: CgroupPaths, stage: Stage): Step[] {
  return uniquePaths(paths).map((path) => ({
    stage,
    op: { op: 'remove-cgroup', path },
    why: 'the cgroup ends with its container',
  }));
}

/**
 * Steps by which a process enters the cgroups. v1: `tasks` and not `cgroup.procs`, because moving a whole thread group waits
 * for a grace period of the kernel, and the process has one thread.
 */
export function joinSteps(paths: CgroupPaths, facts: HostFacts, stage: Stage): Step[] {
  const v1 = [...new Set(Object.values(paths.v1))].map((path) => ({
    path,
    file: 'tasks',
    data: '0',
    why: 'enters the cgroup',
  }));
  const v2 =
    paths.v2 === '' || facts.cloneIntoCgroup
      ? []
      : [{ path: paths.v2, file: 'cgroup.procs', data: '0', why: 'enters the cgroup' }];
  return [...v2, ...v1].map((join) => writeStep(stage, join));
}

export function writeStep(stage: Stage, { path, file, data, ignore = [], why }: PlacedWrite): Step {
  return {
    stage,
    op: { op: 'write', path: `${path}/${file}`, data: encoder.encode(data), ignore },
    why,
  };
}

/** An ordinary user without a delegated cgroup gets a container without limits, but never one that lacks asked-for limits. */
function withoutCgroup(facts: HostFacts, resources: LinuxResources): CgroupPlan {
  const everywhere: CgroupPaths = {
    v1: Object.assign({}, facts.cgroup.v1),
    v2: facts.cgroup.v2 ?? '',
  };
  const wanted = limitWrites(resources, everywhere, { facts, when: 'create' }).writes[0];
  if (wanted !== undefined) {
    throw new TiffinError(
      'denied',
      'cgroup-not-writable',
      `cannot limit ${wanted.why}: uid ${facts.uid} may not make cgroups here`,
      { hint: 'run as root, or have a cgroup v2 directory delegated to you' },
    );
  }
  return { steps: [], cloneInto: '', joinSteps: () => [], paths: NO_CGROUP };
}

function directorySteps(directory: CgroupDirectory, facts: HostFacts, required: string[]): Step[] {
  const steps: Step[] = [];
  let parent = directory.top;
  for (const path of [...directory.ancestors, directory.path]) {
    if (directory.controllers.length === 0) steps.push(...enableSteps(parent, facts, required));
    steps.push({
      stage: 'host',
      op: { op: 'make-directory', path, mode: 0o755, exist: 1 },
      why: hierarchyWhy(directory),
    });
    if (directory.controllers.includes('cpuset')) steps.push(...inheritSteps(parent, path));
    parent = path;
  }
  return steps;
}

function hierarchyWhy({ controllers }: CgroupDirectory): string {
  return controllers.length === 0 ? 'cgroup v2' : `cgroup of ${controllers.join(', ')}`;
}

/** Controllers that may be handed down from a group with processes, which thereby becomes one for threads (cgroups(7)). */
const THREADED: ReadonlySet<string> = new Set(['cpu', 'cpuset', 'pids', 'perf_event']);

/**
 * A v2 controller works in a directory only if every directory above hands it down. What limits need must succeed. Beside
 * v1 nothing else is enabled; otherwise the rest is, for statistics and later updates, where the kernel lets it: EBUSY where
 * processes stand in the way, EOPNOTSUPP and EINVAL around threaded cgroups, ENOENT where an ancestor does not have it.
 *
 * One that knows threads is enabled together with one that does not: alone it would turn a group that holds processes into a
 * group for threads, below which no container can be.
 */
function enableSteps(parent: string, facts: HostFacts, required: readonly string[]): Step[] {
  const all = facts.cgroup.mode === 'v2' ? offeredControllers(facts) : [];
  const optional = all.filter((name) => !required.includes(name));
  const anchor = all.find((name) => !THREADED.has(name));
  const enable = (names: readonly string[], ignore: readonly number[], why: string) =>
    writeStep('host', {
      path: parent,
      file: 'cgroup.subtree_control',
      data: names.map((name) => `+${name}`).join(' '),
      ignore,
      why,
    });
  const anchored = (names: readonly string[]) =>
    anchor !== undefined && names.every((name) => THREADED.has(name)) ? [anchor, ...names] : names;
  return [
    ...(required.length > 0
      ? [enable(anchored(required), [], `limits need ${required.join(', ')}`)]
      : []),
    ...optional.map((name) =>
      enable(
        anchored([name]),
        [ENOENT, EBUSY, EINVAL, EOPNOTSUPP],
        `for statistics and updates of ${name}`,
      ),
    ),
  ];
}

function offeredControllers({ cgroup, delegated, delegatedControllers }: HostFacts) {
  return delegated === undefined ? cgroup.controllers : delegatedControllers;
}

function inheritSteps(parent: string, path: string): Step[] {
  return CPUSET_FILES.map((file) => ({
    stage: 'host',
    op: { op: 'inherit', from: `${parent}/${file}`, to: `${path}/${file}` },
    why: 'an empty cpuset takes no process',
  }));
}

/** Only root of the machine can set either version; for everybody else the kernel itself refuses device nodes. */
function deviceSteps(resources: LinuxResources, paths: CgroupPaths, facts: HostFacts): Step[] {
  if (facts.delegated !== undefined) return [];
  const rules = deviceRules(resources.devices);
  const v1 = paths.v1.devices;
  if (v1 !== undefined) {
    return deviceWrites(rules).map((item) => writeStep('host', { ...item, path: v1 }));
  }
  if (paths.v2 === '') return [];
  return [
    {
      stage: 'host',
      op: { op: 'device-filter', cgroup: paths.v2, program: deviceProgram(rules) },
      why: 'no device unless allowed',
    },
  ];
}

/** Only what the kernel lists in /sys/kernel/cgroup/delegate changes hands; the limits stay the host's. */
function delegation({ delegate }: CgroupRequest, { v2 }: CgroupPaths): Step[] {
  if (delegate === undefined || v2 === '') return [];
  const files = [
    '',
    '/cgroup.procs',
    '/cgroup.threads',
    '/cgroup.subtree_control',
    '/memory.oom.group',
    '/memory.reclaim',
  ];
  return files.map((file) => ({
    stage: 'host',
    op: { op: 'owner', path: v2 + file, ...delegate },
    why: 'the container manages cgroups below its own',
  }));
}
