/** `tiffin attach`. */

import type { ContainerInspect } from '../../spec/docker.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { attachTo, inspectContainer, waitFor } from '../container/attach.ts';
import { attachFlags, detachKeysOf, requireTerminal, runSession } from '../container/session.ts';

export const attach: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: 'Attach local standard input, output, and error streams to a running container',
  flags: [
    ...attachFlags,
    {
      name: 'no-stdin',
      kind: 'bool',
      help: 'Do not attach STDIN',
      deprecated: ['-nostdin'],
    },
    {
      name: 'streams',
      kind: 'bool',
      help: 'Chose among the streams',
      hidden: true,
      refused: 'all streams of the container are attached; --no-stdin leaves its input alone',
      deprecated: ['-i', '-o', '-e'],
    },
  ],
  args: { min: 1, max: 1 },
  run: async (invocation) => {
    const { args, flags, client } = invocation;
    const container = await inspectContainer(client, args[0] ?? '');
    checkState(container);
    detachKeysOf(flags);
    const stdin = !flags.bool('no-stdin') && container.Config.OpenStdin;
    requireTerminal(stdin, container.Config.Tty);
    return attachSession(invocation, container, stdin);
  },
};

function checkState({ State: state }: ContainerInspect): void {
  if (!state.Running)
    throw new CliError('You cannot attach to a stopped container, start it first');
  if (state.Paused) throw new CliError('cannot attach to a paused container, unpause it first');
  if (state.Restarting) {
    throw new CliError('cannot attach to a restarting container, wait until it is running');
  }
}

async function attachSession(
  invocation: Invocation,
  container: ContainerInspect,
  stdin: boolean,
): Promise<number> {
  const { flags, client } = invocation;
  const waiting = waitFor(client, container.Id, 'not-running');
  const streams = { stdin, stdout: true, stderr: true };
  const [connection] = await Promise.all([
    attachTo(client, container.Id, { ...streams, detachKeys: flags.text('detach-keys') }),
    waiting.listening,
  ]);
  return runSession({
    invocation,
    id: container.Id,
    connection,
    tty: container.Config.Tty,
    ...streams,
    exit: () => waiting.exit,
    redraw: true,
    tellsDetach: true,
  });
}
