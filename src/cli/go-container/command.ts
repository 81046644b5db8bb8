/** `tiffin go-container`: what go-container did, by an engine. docs/guides/go-container.md. */

import { CliError, type Command, type Invocation } from '../command.ts';
import { endWithItsReader } from '../container/nobody-reads.ts';
import { attachFlags, runSession } from '../container/session.ts';
import { FlagValues } from '../flags/values.ts';
import { isTerminal } from '../streams/terminal.ts';
import { ensureBridge } from './bridge.ts';
import { findImage } from './images.ts';
import {
  EXIT_FAILURE,
  type GoOptions,
  goFlags,
  parseGoOptions,
  TooFewArguments,
  usageText,
} from './options.ts';
import { type Started, startContainer } from './start.ts';

export const goContainer: Command = {
  usage: '[OPTIONS] <image name> <command>',
  summary: 'Run a container of a folder of images, as go-container did',
  flags: goFlags,
  args: { min: 0 },
  takesAllWords: true,
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const options = readOptions(invocation);
  if (typeof options === 'number') return options;
  if (process.getuid?.() !== 0) throw new CliError('go-container must be run as root');
  const image = findImage(options.images, options.image);
  await ensureBridge(invocation.client, options.bridge);
  const tty = isTerminal(0) && isTerminal(1);
  const started = await startContainer(invocation, options, { image, tty });
  return follow(invocation, started, tty);
}

/** A number is the exit status of a command line that asks for no container. */
function readOptions({ args, out }: Invocation): GoOptions | number {
  try {
    const options = parseGoOptions(args);
    if (options !== 'help') return options;
    out.print(usageText());
    return 0;
  } catch (error) {
    if (!(error instanceof TooFewArguments)) throw error;
    out.print(usageText());
    return EXIT_FAILURE;
  }
}

/** The program's status; a good one is told as go-container told it. */
async function follow(
  invocation: Invocation,
  { id, pid, connection, waiting }: Started,
  tty: boolean,
): Promise<number> {
  const { out, client } = invocation;
  const session = runSession({
    invocation: { ...invocation, flags: new FlagValues(attachFlags) },
    id,
    connection,
    tty,
    stdin: true,
    stdout: true,
    stderr: true,
    tellsDetach: true,
    exit: () => waiting.exit,
  });
  const status = await endWithItsReader(client, id, session);
  if (status === 0) out.print(`${pid} exited ok\n`);
  else out.error(`${pid} exited with status ${status}\n`);
  return status;
}
