/** RUN: launched as a container is, watched to its end, and what it wrote becomes a layer. */

import { mkdirSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { BuildLayer, RunRequest } from '../../build/worker.ts';
import { cgroupPaths, oomKills } from '../../cgroup/index.ts';
import type { Monitor } from '../../host/monitor.ts';
import type { Endpoint } from '../../network/index.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { wordFailure } from '../../runtime/failure.ts';
import { Container } from '../containers/container.ts';
import { validate } from '../containers/create.ts';
import { type Definition, initialState } from '../containers/record.ts';
import { connectAll } from '../launch/endpoints.ts';
import { writeEtcFiles } from '../launch/etc-files.ts';
import { injectedFault } from '../launch/fault.ts';
import { prepareLaunch } from '../launch/prepare.ts';
import {
  keepTeardown,
  removeCgroupLeft,
  removeRunDirectory,
  runTeardown,
} from '../launch/teardown.ts';
import type { Parts } from '../parts.ts';
import { runPaths } from '../paths.ts';
import { cgroupPath } from '../spec/index.ts';
import { commitUpper } from './commit-layer.ts';
import { directoriesOf } from './directories.ts';
import { type StepLimits, stepDefinition } from './step-config.ts';
import type { Mounts } from './step-mounts.ts';
import { openWorkspace } from './workspace.ts';

const STDOUT_AND_STDERR = 3;
const SIGKILL = 9;

/** Undefined: it changed nothing. Throws `build-step-failed` with the program's status. The caller holds the store. */
export async function runInLayers(
  parts: Parts,
  request: RunRequest,
  options: { limits: StepLimits; mounts: Mounts },
): Promise<BuildLayer | undefined> {
  using workspace = openWorkspace(parts);
  const run = runPaths(parts.paths.runContainers, workspace.id);
  mkdirSync(run.directory, { mode: 0o700 });
  try {
    await using mounts = await options.mounts.prepare(request, workspace, run.directory);
    const withSecrets = { ...request, env: [...request.env, ...mounts.env] };
    const limits = withNetwork(options.limits, parts.settings.network);
    const definition = stepDefinition(workspace.id, withSecrets, limits, mounts.records);
    validate(parts, definition);
    await launchAndWait(parts, definition, request);
    const mountTargets = request.mounts.map(({ target }) => target);
    return await commitUpper(parts, workspace.paths.upper, { epoch: request.epoch, mountTargets });
  } finally {
    removeRunDirectory(run);
  }
}

async function launchAndWait(
  parts: Parts,
  definition: Definition,
  request: RunRequest,
): Promise<void> {
  const run = runPaths(parts.paths.runContainers, definition.id);
  const endpoints = await connectAll(parts, definition);
  try {
    const plan = planStep(parts, definition, request, endpoints);
    keepTeardown(run, plan);
    request.report.container(definition.id);
    const monitor = await launch(parts, plan, run);
    const status = await watch(parts, definition, request, monitor);
    if (status !== 0) throw stepFailed(request, status);
  } finally {
    parts.networks.disconnect(definition.id);
  }
}

function planStep(
  parts: Parts,
  definition: Definition,
  request: RunRequest,
  endpoints: Endpoint[],
): Plan {
  writeEtcFiles(parts, new Container(definition, initialState(), parts.table), endpoints);
  const lower = directoriesOf(parts, request.onto);
  if (lower.length === 0) {
    const message = 'there is nothing to run a program in: the stage is FROM scratch and empty';
    throw new TiffinError('invalid', 'empty-stage', message, {
      hint: 'copy a program into it first, or start from an image',
    });
  }
  return prepareLaunch(parts, definition, endpoints, lower);
}

async function launch(
  parts: Parts,
  plan: Plan,
  run: ReturnType<typeof runPaths>,
): Promise<Monitor> {
  let answered = false;
  try {
    const bytes = encodePlan(plan, injectedFault());
    const result = await parts.launcher.launch(bytes, { subscribe: STDOUT_AND_STDERR });
    answered = true;
    if (result.ok) return result.monitor;
    throw wordFailure(plan, result.failure);
  } catch (error) {
    // A launch that nobody answered for may have come to anything.
    if (!answered) await runTeardown(parts.launcher, run);
    throw error;
  }
}

/** The program's status, after its last byte of output. */
async function watch(
  parts: Parts,
  definition: Definition,
  { report }: RunRequest,
  monitor: Monitor,
): Promise<number> {
  const kill = (): void => {
    // Its connection may be ending at this very moment, and so is the program.
    monitor.signal(SIGKILL).catch(() => undefined);
  };
  if (report.signal.aborted) kill();
  report.signal.addEventListener('abort', kill, { once: true });
  try {
    for await (const { stream, bytes } of monitor.output) await report.output(stream, bytes);
    const record = await monitor.exited;
    if (record === undefined) {
      await runTeardown(parts.launcher, runPaths(parts.paths.runContainers, definition.id));
    }
    const cgroup = cgroupPaths(parts.facts, cgroupPath(definition.hostConfig, definition.id));
    await removeCgroupLeft(parts.launcher, cgroup);
    report.signal.throwIfAborted();
    if (record !== undefined && oomKills(record.captures) > 0) {
      report.status(
        'the kernel ended a process of this step: it needed more memory than its limit',
      );
    }
    return record?.status ?? 255;
  } finally {
    report.signal.removeEventListener('abort', kill);
    monitor.close();
  }
}

/** With the words of BuildKit; the classic answer has its own for the same status. */
export class StepFailed extends TiffinError {
  readonly status: number;
  readonly command: string;

  constructor(command: string, status: number) {
    super(
      'invalid',
      'build-step-failed',
      `process ${JSON.stringify(command)} did not complete successfully: exit code: ${status}`,
    );
    this.status = status;
    this.command = command;
  }
}

function stepFailed(request: RunRequest, status: number): StepFailed {
  return new StepFailed(request.args.join(' '), status);
}

/** Steps that name no network get what containers get that name none. */
function withNetwork(limits: StepLimits, fallback: string): StepLimits {
  const { network } = limits;
  return network === '' || network === 'default' ? { ...limits, network: fallback } : limits;
}
