/** The planner: a request in, the list of steps out. Pure: same input, same plan, no access to the machine. */

import { posix } from 'node:path';
import { planCgroup } from '../cgroup/index.ts';
import type { Plan, Step } from '../plan/ops.ts';
import { LENT } from '../plan/ops-root.ts';
import type { Process } from '../spec/runtime/index.ts';
import { planCgroupPath } from './cgroup-path.ts';
import { planDevices } from './devices.ts';
import { planHooks } from './hooks.ts';
import { planIds } from './ids.ts';
import { planResctrl } from './intel-rdt.ts';
import { lendsTrees } from './lent-trees.ts';
import { planMappedRoot } from './mapped-root.ts';
import { containerPath, type MountPlan, planMounts } from './mounts.ts';
import { planNamespaces, requireMountNamespace, sharesMounts } from './namespaces.ts';
import { planNetwork } from './network.ts';
import { planPidfd } from './pidfd.ts';
import { planCwd, planProcess, windowSize } from './process.ts';
import type { LaunchRequest } from './request.ts';
import { planPivot, planPropagation, planRoot, planSeal } from './rootfs.ts';
import { planNames, planOomScore, planSysctls } from './settings.ts';
import { planSharedRoot, planUnmount } from './shared-root.ts';
import { beside, host, inside } from './step.ts';

export { planExec } from './planner-exec.ts';
export { planNetworkChange } from './planner-network.ts';
export type {
  ContainerProcess,
  ExecRequest,
  LaunchRequest,
  RootSource,
  UserRequest,
} from './request.ts';

/** @throws TiffinError `unsupported` for what this runtime cannot do, `invalid` for what makes no sense. */
export function planLaunch(request: LaunchRequest): Plan {
  const { spec, facts } = request;
  requireMountNamespace(spec, request.sharedRoot);
  const shared = sharesMounts(spec) ? request.sharedRoot : undefined;
  const process: Process = spec.process ?? { cwd: '/' };
  const privileged = facts.uid === 0 && facts.initialUserNamespace;
  const namespaces = planNamespaces(spec, privileged);
  const cgroup = planCgroup({
    facts,
    path: planCgroupPath(request),
    resources: spec.linux?.resources,
  });
  const ids = planIds(spec, namespaces, facts);
  // Whoever joins a user namespace leaves its rights outside behind: what takes them comes before that.
  const early = namespaces.joined.has('user') ? 'enter' : 'inside';
  const separate = new Set([...namespaces.created, ...namespaces.joined]);
  const ownUserNamespace = separate.has('user');
  const hooks = planHooks(spec, request.id, request.bundle);
  const network = planNetwork(namespaces, request.networkSteps, spec.linux?.netDevices);
  const resctrl = planResctrl(spec, request.id, request.resctrl, early);
  const extra = splitExtra(request.extraSteps ?? []);
  const mounts = planMounts(spec.mounts ?? [], {
    facts,
    bundle: request.bundle,
    spec,
    ...(request.subpaths !== undefined && { subpaths: request.subpaths }),
    ...(request.sharedBinds !== undefined && { sharedBinds: request.sharedBinds }),
    cgroups: cgroup.paths,
    cgroupNamespace: separate.has('cgroup'),
    separate,
    userNamespace: ownUserNamespace || !facts.initialUserNamespace,
    mappings: namespaces.created.has('user') ? (spec.linux ?? {}) : {},
    lend: lendsTrees(namespaces, facts),
  });
  return [
    ...planFrame(request),
    ...stageOf(cgroup.steps, 'host'),
    ...resctrl.host,
    ...network.host,
    ...extra.host,
    ...mounts.host,
    ...planMappedRoot(request.rootfs, spec),
    host(
      { op: 'clone', flags: namespaces.cloneFlags, cgroup: cgroup.cloneInto },
      'the container begins, in its own namespaces',
    ),
    ...(early === 'enter'
      ? [...cgroup.joinSteps('enter'), ...resctrl.join, ...planGate(request.gate, early)]
      : []),
    ...ids.enter,
    ...namespaces.enterSteps,

    // Beside: ids first, everything inside waits for them; files that tell of success last.
    ...ids.beside,
    ...network.beside,
    ...mounts.beside,
    ...hooks.beside,
    ...planRecords(request),
    ...network.besideLinks,

    // Inside, still on the host's file systems.
    ...(early === 'inside' ? stageOf(cgroup.steps, 'inside') : []),
    ...(early === 'inside' ? resctrl.join : []),
    ...namespaces.cgroupSteps,
    ...(early === 'inside' ? planGate(request.gate, early) : []),
    ...namespaces.timeSteps,
    ...(ownUserNamespace ? ids.inside : planOomScore(process)),
    inside({ op: 'session' }, 'no signal or terminal of the caller reaches it'),
    ...planKeyring(request),
    ...planFileSystem(request, mounts, extra.early, shared),
    ...planTerminal(process, request.consoleSocket),
    ...hooks.beforePivot,
    ...planPivot(request.noPivot === true, shared),

    // Inside, nothing but the container to be seen.
    ...network.inside,
    ...planNames(spec),
    ...planSysctls(spec),
    ...mounts.late,
    ...planCwd(process, request.createCwd === true),
    ...extra.inside,
    ...network.insideLinks,
    ...planSeal(spec),
    ...planProcess(process, {
      spec,
      facts,
      ownUserNamespace,
      user: request.user,
      home: request.home === true,
      init: request.init === true,
      listenerState: { id: request.id, bundle: request.bundle },
      startSteps: [...planWait(spec.process, request.gate), ...hooks.startContainer],
    }),

    // Behind a gate the program does not run yet: `start` runs these hooks.
    ...(request.gate === undefined ? hooks.poststart : []),
    ...extra.running,

    // Teardown: the network before the cgroup, whose removal kills what is left; hooks last, as `delete` runs them.
    ...network.teardown,
    ...extra.teardown,
    ...stageOf(cgroup.steps, 'teardown'),
    ...resctrl.teardown,
    ...(shared === undefined ? [] : planUnmount(shared, 'teardown')),
    ...hooks.poststop,
  ];
}

function stageOf(steps: readonly Step[], stage: Step['stage']): Step[] {
  return steps.filter((step) => step.stage === stage);
}

function planFrame(request: LaunchRequest): Step[] {
  const steps = [host(request.supervise, 'what becomes of the launching process')];
  if (request.onFailure !== undefined) {
    steps.push(host({ op: 'on-failure', args: request.onFailure }, 'words a failure for its user'));
  }
  return steps;
}

/** A volume's first content is copied before its mount covers it, and images are mounted before they are bound; other steps come when the file system is complete. */
function splitExtra(steps: readonly Step[]) {
  const early = (step: Step) => step.op.op === 'copy-up' || step.op.op === 'overlay';
  return {
    host: stageOf(steps, 'host'),
    early: steps.filter(early),
    inside: stageOf(steps, 'inside').filter((step) => !early(step)),
    running: stageOf(steps, 'running'),
    teardown: stageOf(steps, 'teardown'),
  };
}

function planFileSystem(
  request: LaunchRequest,
  mounts: MountPlan,
  early: readonly Step[],
  shared: string | undefined,
): Step[] {
  return [
    ...(shared === undefined
      ? [
          ...planPropagation(request.spec, request.rootMount),
          ...planRoot(request.rootfs, mounts.host.length + 1),
        ]
      : planSharedRoot(request.rootfs, shared)),
    ...early.map((step) => throughMapping(step, mounts.steps)),
    ...mounts.steps,
    ...planDevices(request.spec, mounts.targets),
  ];
}

/** The first content of a volume whose owners are mapped gets the owners that the container sees. */
function throughMapping(step: Step, mounts: readonly Step[]): Step {
  const { op } = step;
  if (op.op !== 'copy-up') return step;
  const target = containerPath(op.path);
  const tree = mounts.flatMap(({ op: mount }) =>
    mount.op === 'bind' && mount.target === target && mount.tree !== LENT ? [mount.tree] : [],
  )[0];
  if (tree === undefined || tree === 0) return step;
  return { ...step, op: { op: 'copy-up-tree', path: op.path, tree } };
}

/** After the mounts, because it is opened in the container's devpts; before pivot, because the socket is the host's. */
function planTerminal(process: Process, consoleSocket = ''): Step[] {
  if (process.terminal !== true) return [];
  return [
    inside(
      { op: 'terminal', ...windowSize(process), consoleSocket },
      'a terminal of the container, on /dev/console',
    ),
  ];
}

/**
 * Opened while its path on the host can be named, and before the process becomes an id of its user namespace, to which
 * the state directory is closed; waited for when the program is about to start.
 */
function planGate(path: string | undefined, stage: 'enter' | 'inside'): Step[] {
  if (path === undefined) return [];
  return [{ stage, op: { op: 'gate', path }, why: 'where `start` will knock' }];
}

/** A missing program is the caller's to know from `create`, as with other runtimes; a missing `process` is for `start` to tell. */
function planWait(process: Process | undefined, path: string | undefined): Step[] {
  if (path === undefined) return [];
  const wait = inside({ op: 'wait-gate' }, 'created; the rest follows `start`');
  if (process === undefined) return [wait];
  return [
    inside(
      { op: 'find-program', args: process.args ?? [], env: process.env ?? [] },
      'whoever creates a container is told at once that its program is missing',
    ),
    wait,
  ];
}

function planKeyring(request: LaunchRequest): Step[] {
  if (request.noNewKeyring === true) return [];
  return [
    inside({ op: 'keyring', name: `_ses.${request.id}` }, "the caller's keys stay the caller's"),
  ];
}

function planRecords(request: LaunchRequest): Step[] {
  const steps: Step[] = [];
  if (request.stateDirectory !== undefined) {
    steps.push(
      beside(
        { op: 'process-file', path: posix.join(request.stateDirectory, 'process') },
        'which process it is, told apart from a later one with its number',
      ),
    );
  }
  if (request.pidFile !== undefined) {
    steps.push(beside({ op: 'pid-file', path: request.pidFile }, 'asked for by the caller'));
  }
  steps.push(...planPidfd(request.pidfdSocket, 'standard'));
  return steps;
}
