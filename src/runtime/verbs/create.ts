/** `create`: everything up to the program, which waits at the gate. `run` is the same without a gate. */

import { resolve } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { cgroupPaths, ignoredLimits, refuseOccupied } from '../../cgroup/index.ts';
import type { HostFacts } from '../../host/facts.ts';
import { readKernelText } from '../../host/kernel-files.ts';
import type { OpOf, Plan } from '../../plan/ops.ts';
import type { Process, RuntimeSpec } from '../../spec/runtime/index.ts';
import { becomeShim } from '../become-shim.ts';
import { type Bundle, loadBundle } from '../bundle.ts';
import { capabilityWarnings } from '../capabilities.ts';
import type { OciContext } from '../context.ts';
import { prepareFilter } from '../filter-cache.ts';
import { refuseHostNamespaces } from '../host-namespaces.ts';
import { namespaceMask } from '../namespaces.ts';
import { type PlacedUnit, placeContainer, type StartedUnit } from '../placement.ts';
import { planLaunch } from '../planner.ts';
import { labelWarnings, numericUser } from '../process.ts';
import { resctrlFacts } from '../resctrl-facts.ts';
import { mountPointOf } from '../root-mount.ts';
import { sharedRootOf } from '../shared-root.ts';
import { type ContainerRecord, StateDirectory } from '../state-directory.ts';
import { processStat } from '../status.ts';
import { running, teardown } from '../step.ts';

export interface CreateOptions {
  id: string;
  bundle: string;
  /** In place of config.json; a relative path is one in the bundle. */
  config?: string;
  consoleSocket?: string;
  pidFile?: string;
  /** Socket that gets a pidfd. */
  pidfdSocket?: string;
  noPivot: boolean;
  noNewKeyring: boolean;
  preserveFds: number;
}

/** How the launching process ends: 0 leaves the container to itself, 1 stays until its end. */
export const DETACHED = 0;
export const FOREGROUND = 1;
const INHERITED_STREAMS = 3;

/** This process becomes the shim; resolves to the exit code where it cannot. */
export function create(options: CreateOptions, context: OciContext): Promise<number> {
  const bundle = loadBundle(options.bundle, context.workingDirectory, options.config);
  const terminal = bundle.spec.process?.terminal === true;
  checkConsole(terminal, options.consoleSocket, true);
  return launch(bundle, options, context, { mode: DETACHED, gate: true, keep: true });
}

export interface LaunchMode {
  mode: typeof DETACHED | typeof FOREGROUND;
  gate: boolean;
  /** The state stays after the container's end, for `delete`. */
  keep: boolean;
}

export async function launch(
  bundle: Bundle,
  options: CreateOptions,
  context: OciContext,
  mode: LaunchMode,
): Promise<number> {
  refuseHostNamespaces(bundle.spec);
  prepareFilter(bundle.spec, context.root);
  const directory = new StateDirectory(context.root, options.id);
  const { facts, path: cgroupPath, unit } = await placeContainer(bundle, options.id, context);
  warnOfCapabilities(bundle.spec.process, bundle.spec, facts, context);
  for (const warning of labelWarnings(bundle.spec, facts)) context.warn(warning);
  const plan = planBundle(bundle, options, context, { facts, directory, cgroupPath, ...mode });
  const cgroups = cgroupPaths(facts, cgroupPath);
  if (isEmpty(cgroups) && !context.noCgroups) acceptNoCgroup(facts, context);
  const resources = bundle.spec.linux?.resources ?? {};
  for (const warning of ignoredLimits(resources, cgroups)) context.warn(warning);
  directory.claim();
  let started: StartedUnit | undefined;
  try {
    refuseOccupied(cgroups);
    directory.write(newRecord(bundle, options, facts, { cgroups, unit }), bundle.text);
    started = await unit?.start();
    const preserved = options.preserveFds + listenFds(context.environment);
    const steps = started?.adapt(plan) ?? plan;
    return await becomeShim(steps, directory.file('plan'), preserved, context);
  } catch (error) {
    await started?.undo();
    directory.remove();
    throw error;
  }
}

/** @param process one of the container `spec`, which may not be its first. */
export function warnOfCapabilities(
  process: Process | undefined,
  spec: RuntimeSpec,
  facts: HostFacts,
  context: OciContext,
): void {
  const own = spec.linux?.namespaces?.some(({ type }) => type === 'user') === true;
  for (const message of capabilityWarnings(process ?? { cwd: '/' }, facts, own)) {
    context.warn(message);
  }
}

interface PlanContext extends LaunchMode {
  facts: HostFacts;
  directory: StateDirectory;
  cgroupPath: string;
}

function planBundle(
  bundle: Bundle,
  options: CreateOptions,
  context: OciContext,
  { facts, directory, cgroupPath, mode, gate, keep }: PlanContext,
): Plan {
  const listening = listenFds(context.environment);
  const plan = planLaunch({
    id: options.id,
    spec: listening === 0 ? bundle.spec : withListenFds(bundle.spec, listening),
    bundle: bundle.path,
    rootfs: { kind: 'directory', path: bundle.rootfs },
    facts,
    supervise: supervise(mode, bundle.spec.process?.terminal, options.preserveFds + listening),
    onFailure: [...context.self, ...context.globalFlags, 'report-failure', 'launch', options.id],
    cgroupPath,
    createCwd: true,
    stateDirectory: directory.path,
    sharedRoot: sharedRootOf(context.root, options.id),
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    ...rootMount(bundle),
    ...resctrlFacts(bundle.spec, options.id),
    ...numericUser(bundle.spec.process ?? { cwd: '/' }),
    ...(gate ? { gate: directory.file('gate') } : {}),
    ...(options.consoleSocket === undefined ? {} : { consoleSocket: options.consoleSocket }),
    ...(options.pidFile === undefined ? {} : { pidFile: resolve(options.pidFile) }),
    ...(options.pidfdSocket === undefined ? {} : { pidfdSocket: options.pidfdSocket }),
  });
  return [
    ...plan,
    ...(gate ? [] : forgetPlan(directory)),
    ...(keep ? [] : forgetState(directory, options.pidFile)),
  ];
}

/** Only a shared root needs to know where it is mounted. */
function rootMount({ spec, rootfs }: Bundle): { rootMount?: string } {
  if (!spec.linux?.rootfsPropagation?.includes('shared')) return {};
  return { rootMount: mountPointOf(rootfs, readKernelText('/proc/self/mountinfo') ?? '') };
}

/** The plan is kept until the program runs, to word a failure; behind a gate that is for `start` to see. */
function forgetPlan(directory: StateDirectory): Plan {
  return [running({ op: 'unlink', path: directory.file('plan') }, 'every step has succeeded')];
}

/** A foreground run leaves nothing. After a failure the plan is still there, and `report-failure` removes the rest. */
export function forgetState(directory: StateDirectory, pidFile: string | undefined): Plan {
  const files = (['process', 'config', 'state'] as const).map((name) => directory.file(name));
  return [
    ...[...files, ...(pidFile === undefined ? [] : [pidFile])].map((path) =>
      teardown({ op: 'unlink', path }, 'nothing to remember'),
    ),
    teardown({ op: 'remove-directory', path: directory.path }, 'the id is free again'),
  ];
}

export function supervise(mode: number, terminal = false, preserveFds = 0): OpOf<'supervise'> {
  return {
    op: 'supervise',
    mode,
    directory: '',
    log: '',
    logMaxBytes: 0n,
    logMaxFiles: 0,
    stdin: INHERITED_STREAMS,
    terminal: terminal ? 1 : 0,
    rows: 0,
    columns: 0,
    preserveFds,
  };
}

/** The console socket gets the terminal of a container that nobody in front of it shows. */
export function checkConsole(
  terminal: boolean,
  socket: string | undefined,
  detached: boolean,
): void {
  if (terminal && detached && socket === undefined) {
    throw new TiffinError(
      'invalid',
      'no-console-socket',
      'cannot allocate tty if tiffin will detach without setting console socket',
      { hint: 'give --console-socket, or set process.terminal to false' },
    );
  }
  if (socket !== undefined && (!terminal || !detached)) {
    throw new TiffinError(
      'invalid',
      'console-socket',
      'cannot use console socket if tiffin will not detach or allocate tty',
    );
  }
}

export function isEmpty({ v1, v2 }: ContainerRecord['cgroups']): boolean {
  return v2 === '' && Object.keys(v1).length === 0;
}

/** The warning goes into the log where there is one: the container may share this process's standard error. */
function acceptNoCgroup({ uid, cgroup }: HostFacts, context: OciContext): void {
  const reason =
    cgroup.mode === 'none'
      ? 'no cgroup file system is mounted'
      : `uid ${uid} may not make cgroups here`;
  if (context.rootless === false) {
    throw new TiffinError('denied', 'cgroup-not-writable', `--rootless=false: ${reason}`, {
      hint: 'run as root, or have a cgroup v2 directory delegated to you',
    });
  }
  context.warn(`${reason}: without a cgroup the container has no limits and cannot be paused`);
}

export function newRecord(
  bundle: Bundle,
  options: Pick<CreateOptions, 'id' | 'pidFile'>,
  facts: HostFacts,
  { cgroups, unit }: { cgroups: ContainerRecord['cgroups']; unit: PlacedUnit | undefined },
): ContainerRecord {
  return {
    id: options.id,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    created: new Date().toISOString(),
    owner: facts.uid === 0 ? 'root' : String(facts.uid),
    cgroups,
    namespaces: String(namespaceMask(bundle.spec)),
    creator: {
      pid: process.pid,
      startTime: String(processStat(process.pid)?.startTime ?? 0n),
    },
    ...(unit === undefined ? {} : { unit: unit.record }),
    ...(options.pidFile === undefined ? {} : { pidFile: resolve(options.pidFile) }),
  };
}

/** Sockets of sd_listen_fds(3) that this process was started with. */
function listenFds(environment: OciContext['environment']): number {
  const count = environment.LISTEN_FDS ?? '';
  const pid = environment.LISTEN_PID;
  if (!/^\d{1,4}$/.test(count) || (pid !== undefined && pid !== String(process.pid))) return 0;
  return Number(count);
}

function withListenFds(spec: Bundle['spec'], count: number): Bundle['spec'] {
  const inner = spec.process ?? { cwd: '/' };
  const env = [...(inner.env ?? []), `LISTEN_FDS=${count}`, 'LISTEN_PID=1'];
  return { ...spec, process: { ...inner, env } };
}
