/** `tiffin run`: create, attach, wait, start, in as few round trips as the order allows. */

import { CliError, type Command, type Invocation } from '../command.ts';
import { attachTo, waitFor } from '../container/attach.ts';
import { createContainer } from '../container/create.ts';
import { createFlags } from '../container/create-flags.ts';
import { type CreateRequest, createRequest } from '../container/create-request.ts';
import { createFailure, startFailure } from '../container/failure.ts';
import { attachFlags, detachKeysOf, requireTerminal, runSession } from '../container/session.ts';
import { terminalSize } from '../streams/terminal.ts';

export const run: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create and run a new container from an image',
  flags: [
    ...createFlags,
    ...attachFlags,
    {
      name: 'detach',
      short: 'd',
      kind: 'bool',
      help: 'Run container in background and print container ID',
    },
    {
      name: 'explain',
      kind: 'bool',
      help: 'Print the steps of the start with their reasons, and start nothing',
    },
  ],
  args: { min: 1 },
  stopsAtFirstArgument: true,
  run: runContainer,
};

async function runContainer(invocation: Invocation): Promise<number> {
  const { flags, args, name } = invocation;
  let request: CreateRequest;
  try {
    request = createRequest(flags, args);
    detachKeysOf(flags);
    if (flags.bool('explain')) {
      const { explainRequest } = await import('../container/explain.ts');
      return await explainRequest(invocation, request);
    }
    if (flags.bool('detach')) detach(invocation, request);
    else requireTerminal(request.AttachStdin === true, request.Tty === true);
  } catch (error) {
    throw createFailure(error, name);
  }
  const id = await createNamed(invocation, request);
  return flags.bool('detach') ? runDetached(invocation, id) : runAttached(invocation, request, id);
}

function detach(invocation: Invocation, request: CreateRequest): void {
  if (invocation.flags.list('attach').length > 0) {
    throw new CliError('conflicting options: cannot specify both --attach and --detach');
  }
  Object.assign(request, {
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    StdinOnce: false,
  });
}

async function createNamed(invocation: Invocation, request: CreateRequest): Promise<string> {
  if (request.Tty === true && !invocation.flags.bool('detach')) {
    const size = terminalSize();
    if (size !== undefined) request.HostConfig.ConsoleSize = [size.rows, size.columns];
  }
  try {
    return await createContainer(invocation, request);
  } catch (error) {
    throw createFailure(error, invocation.name);
  }
}

async function runDetached(invocation: Invocation, id: string): Promise<number> {
  await start(invocation, id);
  invocation.out.print(`${id}\n`);
  return 0;
}

async function runAttached(
  invocation: Invocation,
  request: CreateRequest,
  id: string,
): Promise<number> {
  const { client, flags } = invocation;
  const streams = {
    stdin: request.AttachStdin === true,
    stdout: request.AttachStdout === true,
    stderr: request.AttachStderr === true,
  };
  const attach = attachTo(client, id, { ...streams, detachKeys: flags.text('detach-keys') });
  const waiting = waitFor(client, id, flags.bool('rm') ? 'removed' : 'next-exit');
  const [connection] = await Promise.all([attach, waiting.listening]);
  return runSession({
    invocation,
    id,
    connection,
    tty: request.Tty === true,
    ...streams,
    start: () => start(invocation, id),
    exit: () => waiting.exit,
  });
}

async function start(invocation: Invocation, id: string): Promise<void> {
  try {
    await invocation.client.text('POST', `/containers/${id}/start`);
  } catch (error) {
    throw startFailure(error, invocation.name);
  }
}
