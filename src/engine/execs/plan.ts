/** The plan of an exec: the container's own process with another program, through the same hardened path. */

import { execDirectory, joinSteps } from '../../cgroup/index.ts';
import type { OpOf, Plan } from '../../plan/ops.ts';
import { namespaceMask } from '../../runtime/namespaces.ts';
import { planExec } from '../../runtime/planner.ts';
import { capabilityNames } from '../../spec/capabilities.ts';
import type { Process } from '../../spec/runtime/index.ts';
import type { Container } from '../containers/container.ts';
import { runningCgroup } from '../launch/launch.ts';
import { containerSpec } from '../launch/prepare.ts';
import type { Parts } from '../parts.ts';
import { runPaths } from '../paths.ts';
import { mergeEnvironment } from '../spec/environment.ts';
import { parseUser } from '../spec/user.ts';
import type { Exec } from './exec.ts';

export interface TerminalSize {
  rows: number;
  columns: number;
}

export function prepareExec(
  parts: Parts,
  container: Container,
  exec: Exec,
  size: TerminalSize | undefined,
): Plan {
  const { config, hostConfig } = container.definition;
  const { request } = exec;
  // Its namespaces are entered through its own process: whom it got them from may be gone.
  const { spec } = containerSpec(parts, container.definition, {
    pidOf: () => container.state.pid,
    shm: undefined,
  });
  const own = container.state.cgroup ?? runningCgroup(parts, container);
  const cgroup = { ...own, v2: execDirectory(own, parts.facts, container.state.pid) };
  const user = request.User === '' ? config.User : request.User;
  return planExec({
    process: toProcess(parts, spec.process ?? { cwd: '/' }, exec, size),
    container: {
      pid: container.state.pid,
      startTime: BigInt(container.state.startTime),
      namespaces: namespaceMask(spec),
    },
    facts: parts.facts,
    cgroupSteps: joinSteps(cgroup, parts.facts, 'enter'),
    cloneInto: parts.facts.cloneIntoCgroup ? cgroup.v2 : '',
    supervise: supervise(parts, exec, size),
    listenerState: { id: container.definition.id, bundle: '' },
    // As with Docker the filter stays: privileges of an exec are capabilities.
    spec,
    user: parseUser(user, request.User === '' ? hostConfig.GroupAdd : []),
    home: true,
  });
}

function toProcess(
  parts: Parts,
  own: Process,
  { request }: Exec,
  size: TerminalSize | undefined,
): Process {
  const all = capabilityNames(parts.facts.capabilities.bounding);
  const capabilities = request.Privileged
    ? { bounding: all, permitted: all, effective: all, inheritable: [], ambient: [] }
    : own.capabilities;
  const terminal = request.Tty ? ['TERM=xterm'] : [];
  const { consoleSize: _own, ...inherited } = own;
  return {
    ...inherited,
    args: request.Cmd,
    // HOME of the container's own user would be wrong for another one; it is looked up for this one.
    env: mergeEnvironment(mergeEnvironment(terminal, own.env ?? []), request.Env),
    cwd: request.WorkingDir === '' ? own.cwd : request.WorkingDir,
    terminal: request.Tty,
    ...(request.Tty && size !== undefined && size.rows > 0
      ? { consoleSize: { height: size.rows, width: size.columns } }
      : {}),
    ...(capabilities === undefined ? {} : { capabilities }),
  };
}

function supervise(parts: Parts, exec: Exec, size: TerminalSize | undefined): OpOf<'supervise'> {
  return {
    op: 'supervise',
    mode: 2,
    directory: runPaths(parts.paths.runExecs, exec.id).directory,
    log: '',
    logMaxBytes: 0n,
    logMaxFiles: 0,
    // The program reads the end of its input when its only client leaves.
    stdin: exec.request.AttachStdin ? 2 : 0,
    terminal: exec.request.Tty ? 1 : 0,
    rows: size?.rows ?? 0,
    columns: size?.columns ?? 0,
    preserveFds: 0,
  };
}
