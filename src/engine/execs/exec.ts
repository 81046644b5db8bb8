/** One program started, or to be started, in a running container. Lives in memory only. */

import type { Monitor } from '../../host/monitor.ts';
import type { ExecCreateRequest, ExecInspect } from '../../spec/docker.ts';
import { OutputHub } from '../containers/output-hub.ts';

export type ExecPhase = 'created' | 'starting' | 'running' | 'exited';

export class Exec {
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecCreateRequest;
  readonly hub = new OutputHub();
  phase: ExecPhase = 'created';
  /** Resolves when a start has come to its end, well or not. */
  readonly launched = Promise.withResolvers<void>();
  monitor: Monitor | undefined;
  pid = 0;
  exitCode: number | null = null;
  endedMs = 0;

  constructor(id: string, containerId: string, request: ExecCreateRequest) {
    this.id = id;
    this.containerId = containerId;
    this.request = request;
  }

  inspect(): ExecInspect {
    const [entrypoint = '', ...args] = this.request.Cmd;
    return {
      ID: this.id,
      Running: this.phase === 'running',
      ExitCode: this.exitCode,
      ProcessConfig: {
        tty: this.request.Tty,
        entrypoint,
        arguments: args,
        privileged: this.request.Privileged,
        ...(this.request.User === '' ? {} : { user: this.request.User }),
      },
      OpenStdin: this.request.AttachStdin,
      OpenStderr: this.request.AttachStderr,
      OpenStdout: this.request.AttachStdout,
      CanRemove: this.phase === 'exited',
      ContainerID: this.containerId,
      DetachKeys: this.request.DetachKeys,
      Pid: this.pid,
    };
  }
}
