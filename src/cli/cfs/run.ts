/** `tiffin cfs run`: a command in a root file system of the folder, in the foreground. */

import { CliError, type Command, type Invocation } from '../command.ts';
import { attachTo, waitFor } from '../container/attach.ts';
import { createFailure, startFailure } from '../container/failure.ts';
import { endWithItsReader } from '../container/nobody-reads.ts';
import { type CreateFlag, resourceFlags } from '../container/resource-flags.ts';
import { attachFlags, runSession } from '../container/session.ts';
import { usernsFlag } from '../container/userns-flag.ts';
import type { FlagValues } from '../flags/values.ts';
import { withEngineImage } from '../image-folder/engine-image.ts';
import { isTerminal, terminalSize } from '../streams/terminal.ts';
import { createRequest } from './create-request.ts';
import { folderOrDefault, imagesFlag, imagesFolder } from './flags.ts';
import { imageNames, locateImage, ROOM } from './locate.ts';

const hostFlags: readonly CreateFlag[] = [...resourceFlags, usernsFlag];

export const cfsRun: Command = {
  usage: '[OPTIONS] OS_IMAGE [--] COMMAND [ARG...]',
  summary: 'Run a command in a root file system of a folder (container from scratch)',
  flags: [
    imagesFlag,
    ...hostFlags,
    { name: 'trace', kind: 'bool', help: 'Print each command line on the way, as cfs did' },
    ...attachFlags,
  ],
  args: { min: 2 },
  firstOperands: () => imageNames(folderOrDefault('')),
  stopsAtFirstArgument: true,
  run: runForeground,
};

const FAILED = 125;
const NOTHING_TO_RUN = 'cfs: no command to run; call it as in: tiffin cfs run BusyBox ls -la';

async function runForeground(invocation: Invocation): Promise<number> {
  const [name = '', ...words] = invocation.args;
  // Both forms were tried by users of cfs: with the two dashes before the command and without.
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length === 0) throw new CliError(NOTHING_TO_RUN, FAILED);
  if (invocation.flags.bool('trace')) trace(invocation, name, command);
  const tty = isTerminal(0) && isTerminal(1);
  const id = await create(invocation, name, command, tty);
  const { client, flags } = invocation;
  const streams = { stdin: true, stdout: true, stderr: true };
  const attach = attachTo(client, id, { ...streams, detachKeys: flags.text('detach-keys') });
  const waiting = waitFor(client, id, 'removed');
  const [connection] = await Promise.all([attach, waiting.listening]);
  const session = runSession({
    invocation,
    id,
    connection,
    tty,
    ...streams,
    start: () => start(invocation, id),
    exit: () => waiting.exit,
  });
  return endWithItsReader(client, id, session);
}

/** The lines that each process of cfs printed on its way to the command. */
function trace({ out }: Invocation, image: string, command: readonly string[]): void {
  const rest = [image, ...command].join(' ');
  out.print(`[./cfs run ${rest}]\n[/proc/self/exe newroot ${rest}]\n[${rest}]\n`);
}

async function create(
  invocation: Invocation,
  name: string,
  command: readonly string[],
  tty: boolean,
): Promise<string> {
  const { client, flags } = invocation;
  const container = { image: name, command, tty, stdin: true, autoRemove: true, labels: {} };
  const host = hostConfig(flags, tty);
  try {
    const image = locateImage(imagesFolder(flags), name);
    const { Id } = await withEngineImage(client, image, ROOM, (engineImage) =>
      client.json<{ Id: string }>(
        'POST',
        '/containers/create',
        createRequest(container, engineImage, host),
      ),
    );
    return Id;
  } catch (error) {
    throw createFailure(error, invocation.name);
  }
}

/** The limits and the user namespace that were asked for, and the size of the terminal to start in. */
function hostConfig(flags: FlagValues, tty: boolean): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { name, to = '' } of hostFlags) {
    const value = flags.given(name);
    if (value !== undefined) fields[to.replace('HostConfig.', '')] = value;
  }
  const size = tty ? terminalSize() : undefined;
  if (size !== undefined) fields.ConsoleSize = [size.rows, size.columns];
  return fields;
}

async function start(invocation: Invocation, id: string): Promise<void> {
  try {
    await invocation.client.text('POST', `/containers/${id}/start`);
  } catch (error) {
    throw startFailure(error, invocation.name);
  }
}
