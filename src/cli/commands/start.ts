/** `tiffin start`. */

import type { Client } from '../client/client.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { attachTo, inspectContainer, waitFor } from '../container/attach.ts';
import { attachFlags, detachKeysOf, requireTerminal, runSession } from '../container/session.ts';
import { forEach } from '../each.ts';
import type { Output } from '../streams/output.ts';

export const start: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start one or more stopped containers',
  flags: [
    { name: 'attach', short: 'a', kind: 'bool', help: 'Attach STDOUT/STDERR and forward signals' },
    { name: 'interactive', short: 'i', kind: 'bool', help: "Attach container's STDIN" },
    ...attachFlags,
  ],
  args: { min: 1 },
  run: (invocation) => {
    const { args, flags, client, out } = invocation;
    if (flags.bool('attach') || flags.bool('interactive')) return startAttached(invocation);
    return startDetached(args, client, out);
  },
};

async function startDetached(
  args: readonly string[],
  client: Client,
  out: Output,
): Promise<number> {
  const failed: string[] = [];
  const status = await forEach(args, out, async (name) => {
    try {
      await client.text('POST', `/containers/${encodeURIComponent(name)}/start`);
      return name;
    } catch (error) {
      failed.push(name);
      throw error;
    }
  });
  if (failed.length > 0) out.error(`Error: failed to start containers: ${failed.join(', ')}\n`);
  return status;
}

async function startAttached(invocation: Invocation): Promise<number> {
  const { args, flags, client } = invocation;
  if (args.length > 1)
    throw new CliError('you cannot start and attach multiple containers at once');
  const container = await inspectContainer(client, args[0] ?? '');
  detachKeysOf(flags);
  const { Tty: tty, OpenStdin: open } = container.Config;
  const stdin = flags.bool('interactive') && open;
  requireTerminal(stdin, tty);
  const waiting = waitFor(
    client,
    container.Id,
    container.HostConfig.AutoRemove ? 'removed' : 'next-exit',
  );
  const streams = { stdin, stdout: true, stderr: true };
  const [connection] = await Promise.all([
    attachTo(client, container.Id, { ...streams, detachKeys: flags.text('detach-keys') }),
    waiting.listening,
  ]);
  return runSession({
    invocation,
    id: container.Id,
    connection,
    tty,
    ...streams,
    start: async () => {
      await client.text('POST', `/containers/${container.Id}/start`);
    },
    exit: () => waiting.exit,
  });
}
