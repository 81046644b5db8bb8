/** What an exec of the engine's own asks for: the command's output, and nothing else. */

import type { ExecCreateRequest } from '../../spec/docker.ts';

export function plainRequest(command: string[]): ExecCreateRequest {
  return {
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    ConsoleSize: null,
    DetachKeys: '',
    Tty: false,
    Env: [],
    Cmd: command,
    Privileged: false,
    User: '',
    WorkingDir: '',
  };
}
