/** The bodies of `POST /containers/{id}/exec` and `POST /exec/{id}/start`. */

import { TiffinError } from '../../base/errors.ts';
import type { ExecCreateRequest } from '../../spec/docker.ts';
import { bodyObject, command, consoleSize, optionalBodyObject, text, texts } from './fields.ts';

export interface ExecStartRequest {
  Detach: boolean;
  Tty: boolean;
  ConsoleSize: [number, number] | undefined;
}

export function parseExecCreate(value: unknown): ExecCreateRequest {
  const body = bodyObject(value);
  const cmd = command(body, 'Cmd') ?? [];
  if (cmd.length === 0) throw new TiffinError('invalid', 'no-command', 'No exec command specified');
  return {
    AttachStdin: body.flag('AttachStdin'),
    AttachStdout: body.flag('AttachStdout'),
    AttachStderr: body.flag('AttachStderr'),
    ConsoleSize: consoleSize(body, 'ConsoleSize') ?? null,
    DetachKeys: text(body, 'DetachKeys'),
    Tty: body.flag('Tty'),
    Env: texts(body, 'Env'),
    Cmd: cmd,
    Privileged: body.flag('Privileged'),
    User: text(body, 'User'),
    WorkingDir: text(body, 'WorkingDir'),
  };
}

export function parseExecStart(value: unknown): ExecStartRequest {
  const body = optionalBodyObject(value);
  return {
    Detach: body.flag('Detach'),
    Tty: body.flag('Tty'),
    ConsoleSize: consoleSize(body, 'ConsoleSize'),
  };
}
