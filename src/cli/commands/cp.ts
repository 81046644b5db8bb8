/** `tiffin cp`. */

import { CliError, type Command } from '../command.ts';
import { parsePlace } from '../copy/place.ts';
import { isTerminal } from '../streams/terminal.ts';
import { decimalSize } from '../values/size.ts';

export const cp: Command = {
  usage:
    '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n       tiffin cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  summary: 'Copy files/folders between a container and the local filesystem',
  flags: [
    {
      name: 'archive',
      short: 'a',
      kind: 'bool',
      help: 'Archive mode (copy all uid/gid information)',
    },
    {
      name: 'follow-link',
      short: 'L',
      kind: 'bool',
      help: 'Always follow symbol link in SRC_PATH',
    },
    {
      name: 'quiet',
      short: 'q',
      kind: 'bool',
      help: 'Suppress progress output during copy',
    },
  ],
  args: { min: 2, max: 2 },
  run: async ({ args, flags, client, out }) => {
    const [from = '', to = ''] = args;
    if (from === '') throw new CliError('source can not be empty');
    if (to === '') throw new CliError('destination can not be empty');
    const source = parsePlace(from);
    const destination = parsePlace(to);
    const copy = { archive: flags.bool('archive'), followLink: flags.bool('follow-link') };
    const size = await transfer();
    if (!flags.bool('quiet') && to !== '-' && isTerminal(2)) {
      out.error(`Successfully copied ${decimalSize(size)} to ${to}\n`);
    }
    return 0;

    async function transfer(): Promise<number> {
      if (source.container !== undefined && destination.container !== undefined) {
        throw new CliError('copying between containers is not supported');
      }
      if (source.container !== undefined) {
        const { fromContainer } = await import('../copy/from-container.ts');
        const place = { container: source.container, path: source.path };
        return fromContainer(client, out, place, destination.path, copy);
      }
      if (destination.container !== undefined) {
        const { toContainer } = await import('../copy/to-container.ts');
        const place = { container: destination.container, path: destination.path };
        return toContainer(client, source.path, place, copy);
      }
      throw new CliError('must specify at least one container source');
    }
  },
};
