/** `tiffin start`. */

import { CliError, type Command, type Invocation } from '../command.ts';
import { attachTo, inspectContainer, waitFor } from '../container/attach.ts';
import { attachFlags, detachKeysOf, requireTerminal, runSession } from '../container/session.ts';
import { forEach } from '../each.ts';

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
    return forEach(args, out, async (name) => {
      await client.text('POST', `/containers/${encodeURIComponent(name)}/start`);
      return name;
    });
  },
};

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
