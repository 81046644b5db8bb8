/** Execs: creating and starting them, and what their end leaves. */

import { mkdirSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { Monitor } from '../../host/monitor.ts';
import { encodePlan } from '../../plan/encode.ts';
import { wordFailure } from '../../runtime/failure.ts';
import type { ExecCreateRequest } from '../../spec/docker.ts';
import { OutputSession } from '../containers/attach-session.ts';
import type { Container } from '../containers/container.ts';
import { emitContainer } from '../containers/container-events.ts';
import type { AttachSession } from '../contract.ts';
import { removeRunDirectory } from '../launch/teardown.ts';
import type { Parts } from '../parts.ts';
import { runPaths } from '../paths.ts';
import { parseUser } from '../spec/user.ts';
import { Exec } from './exec.ts';
import { prepareExec, type TerminalSize } from './plan.ts';

/** The status of an exec whose monitor vanished. */
const UNKNOWN_STATUS = 255;
/** Of a program that could not be started for a reason other than its file. */
const CANNOT_INVOKE = 126;

export function createExec(parts: Parts, reference: string, request: ExecCreateRequest): Exec {
  const container = parts.containers.get(reference);
  requireRunning(container);
  if (request.Cmd.length === 0) {
    throw new TiffinError('invalid', 'no-command', 'No exec command specified');
  }
  parseUser(request.User, []);
  const exec = new Exec(newId(), container.id, request);
  parts.execs.add(exec);
  emitExec(parts, container, exec, `exec_create: ${request.Cmd.join(' ')}`);
  return exec;
}

export interface ExecStartOptions {
  detach: boolean;
  size: TerminalSize | undefined;
}

/** A session unless detached. On failure the exec has ended, with the exit code that tells why. */
export async function startExec(
  parts: Parts,
  exec: Exec,
  options: ExecStartOptions,
): Promise<AttachSession | undefined> {
  const container = parts.containers.get(exec.containerId);
  if (exec.phase !== 'created') {
    const message = `Error: Exec command ${exec.id} is already ${exec.phase === 'exited' ? 'finished' : 'running'}`;
    throw new TiffinError('conflict', 'exec-running', message);
  }
  requireRunning(container);
  exec.phase = 'starting';
  const session = options.detach ? undefined : attach(parts, container, exec);
  try {
    const monitor = await launch(parts, container, exec, options.size);
    entered(parts, container, exec, monitor);
  } catch (error) {
    exec.phase = 'exited';
    exec.exitCode = (error instanceof TiffinError ? error.exitCode : undefined) ?? CANNOT_INVOKE;
    exec.hub.end();
    parts.execs.ended(exec);
    throw error;
  } finally {
    exec.launched.resolve();
  }
  emitExec(parts, container, exec, `exec_start: ${exec.request.Cmd.join(' ')}`);
  return session;
}

function attach(parts: Parts, container: Container, exec: Exec): OutputSession {
  const { AttachStdin, AttachStdout, AttachStderr } = exec.request;
  const session = new OutputSession({
    mask: (AttachStdout ? 1 : 0) + (AttachStderr ? 2 : 0),
    stdin: AttachStdin,
    onLeave: (left) => exec.hub.remove(left),
    onDetach: () => emitExec(parts, container, exec, 'exec_detach'),
  });
  exec.hub.add(session);
  return session;
}

async function launch(
  parts: Parts,
  container: Container,
  exec: Exec,
  size: TerminalSize | undefined,
): Promise<Monitor> {
  const plan = prepareExec(parts, container, exec, size ?? consoleSize(exec));
  const run = runPaths(parts.paths.runExecs, exec.id);
  mkdirSync(run.directory, { mode: 0o700 });
  try {
    const result = await parts.launcher.launch(encodePlan(plan), { subscribe: exec.hub.mask });
    if (result.ok) return result.monitor;
    throw wordFailure(plan, result.failure);
  } catch (error) {
    removeRunDirectory(run);
    throw error;
  }
}

function consoleSize({ request }: Exec): TerminalSize | undefined {
  if (request.ConsoleSize === null) return undefined;
  const [rows, columns] = request.ConsoleSize;
  return { rows, columns };
}

function entered(parts: Parts, container: Container, exec: Exec, monitor: Monitor): void {
  exec.phase = 'running';
  exec.monitor = monitor;
  exec.pid = monitor.pid;
  exec.hub.run(monitor, { closesInput: exec.request.AttachStdin && !exec.request.Tty });
  void monitor.exited.then((record) => {
    if (parts.background.isClosed) return;
    exec.phase = 'exited';
    exec.exitCode = record?.status ?? UNKNOWN_STATUS;
    exec.monitor = undefined;
    monitor.close();
    removeRunDirectory(runPaths(parts.paths.runExecs, exec.id));
    parts.execs.ended(exec);
    emitExec(parts, container, exec, 'exec_die', { exitCode: String(exec.exitCode) });
  });
}

function requireRunning(container: Container): void {
  const { phase } = container.state;
  if (phase === 'running') return;
  const message =
    phase === 'paused'
      ? `container ${container.id} is paused, unpause the container before exec`
      : phase === 'restarting'
        ? `Container ${container.id} is restarting, wait until the container is running`
        : `container ${container.id} is not running`;
  throw new TiffinError('conflict', 'not-running', message);
}

function emitExec(
  parts: Parts,
  container: Container,
  exec: Exec,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  emitContainer(parts, container, action, { execID: exec.id, ...more });
}
