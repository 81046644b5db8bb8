/** Programs started in a running container: Docker Engine API 1.51, `ExecConfig` and `ExecInspectResponse`. */

export interface ExecCreateRequest {
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  /** Rows, columns. */
  ConsoleSize: [number, number] | null;
  DetachKeys: string;
  Tty: boolean;
  Env: string[];
  Cmd: string[];
  Privileged: boolean;
  User: string;
  WorkingDir: string;
}

export interface ProcessConfig {
  tty: boolean;
  entrypoint: string;
  arguments: string[];
  privileged: boolean;
  user?: string;
}

export interface ExecInspect {
  ID: string;
  Running: boolean;
  /** null: has not ended. */
  ExitCode: number | null;
  ProcessConfig: ProcessConfig;
  OpenStdin: boolean;
  OpenStderr: boolean;
  OpenStdout: boolean;
  CanRemove: boolean;
  ContainerID: string;
  DetachKeys: string;
  Pid: number;
}
