/** `tiffin exec`. */

import type { ExecInspect } from '../../spec/docker.ts';
import { ApiError } from '../client/client.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { checkEnv } from '../container/checks.ts';
import { collectEnv } from '../container/env-file.ts';
import { programStatus } from '../container/failure.ts';
import { detachKeysOf, requireTerminal, runSession } from '../container/session.ts';
import { errorText } from '../error-text.ts';
import { terminalSize } from '../streams/terminal.ts';
import { ValueError } from '../values/number.ts';

export const exec: Command = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Execute a command in a running container',
  flags: [
    {
      name: 'detach',
      short: 'd',
      kind: 'bool',
      help: 'Detached mode: run command in the background',
    },
    {
      name: 'detach-keys',
      kind: 'string',
      help: 'Override the key sequence for detaching a container',
    },
    { name: 'env', short: 'e', kind: 'list', help: 'Set environment variables', check: checkEnv },
    { name: 'env-file', kind: 'list', help: 'Read in a file of environment variables' },
    { name: 'interactive', short: 'i', kind: 'bool', help: 'Keep STDIN open even if not attached' },
    { name: 'privileged', kind: 'bool', help: 'Give extended privileges to the command' },
    { name: 'tty', short: 't', kind: 'bool', help: 'Allocate a pseudo-TTY' },
    {
      name: 'user',
      short: 'u',
      kind: 'string',
      help: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: 'workdir', short: 'w', kind: 'string', help: 'Working directory inside the container' },
  ],
  args: { min: 2 },
  stopsAtFirstArgument: true,
  run: runExec,
};

async function runExec(invocation: Invocation): Promise<number> {
  const { flags, client, args } = invocation;
  const [container = '', ...command] = args;
  const detached = flags.bool('detach');
  const tty = flags.bool('tty');
  const stdin = flags.bool('interactive') && !detached;
  detachKeysOf(flags);
  if (!detached) requireTerminal(stdin, tty);
  const size = tty && !detached ? terminalSize() : undefined;
  const { Id: id } = await client.json<{ Id: string }>(
    'POST',
    `/containers/${encodeURIComponent(container)}/exec`,
    {
      AttachStdin: stdin,
      AttachStdout: !detached,
      AttachStderr: !detached,
      ConsoleSize: size === undefined ? undefined : [size.rows, size.columns],
      DetachKeys: flags.text('detach-keys'),
      Tty: tty,
      Env: environment(invocation),
      Cmd: command,
      Privileged: flags.bool('privileged'),
      User: flags.text('user'),
      WorkingDir: flags.text('workdir'),
    },
  );
  try {
    return await start(invocation, { id, container, tty, stdin, detached });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const status = programStatus(error);
    throw new CliError(errorText(error), status === 125 ? 1 : status);
  }
}

function environment({ flags }: Invocation): string[] {
  try {
    return collectEnv(flags.list('env-file'), flags.list('env'));
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CliError(error.message);
  }
}

interface Started {
  id: string;
  container: string;
  tty: boolean;
  stdin: boolean;
  detached: boolean;
}

async function start(invocation: Invocation, exec: Started): Promise<number> {
  const { client } = invocation;
  const { id, tty } = exec;
  if (exec.detached) {
    await client.text('POST', `/exec/${id}/start`, { Detach: true, Tty: tty });
    return 0;
  }
  const connection = await client.hijack(`/exec/${id}/start`, { Detach: false, Tty: tty });
  return runSession({
    invocation,
    id: exec.container,
    connection,
    tty,
    stdin: exec.stdin,
    stdout: true,
    stderr: true,
    proxySignals: false,
    tellsDetach: true,
    resizeTarget: `/exec/${id}/resize`,
    exit: async () => {
      const result = await client.json<ExecInspect>('GET', `/exec/${id}/json`);
      return result.ExitCode ?? 0;
    },
  });
}
