/** `tiffin volume create`. */

import type { Volume } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';
import { checkLabel } from '../container/checks.ts';
import { pairsToObject } from '../container/env-file.ts';

export const volumeCreate: Command = {
  usage: '[OPTIONS] [VOLUME]',
  summary: 'Create a volume',
  flags: [
    {
      name: 'driver',
      short: 'd',
      kind: 'string',
      help: 'Specify volume driver name',
      fallback: 'local',
    },
    { name: 'label', kind: 'list', help: 'Set metadata for a volume', check: checkLabel },
    { name: 'name', kind: 'string', help: 'Specify volume name', hidden: true },
    { name: 'opt', short: 'o', kind: 'list', label: 'map', help: 'Set driver specific options' },
  ],
  args: { min: 0, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const named = flags.text('name');
    if (named !== '' && args.length > 0) {
      throw new CliError(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    }
    const volume = await client.json<Volume>('POST', '/volumes/create', {
      Name: named || (args[0] ?? ''),
      Driver: flags.text('driver'),
      DriverOpts: pairsToObject(flags.list('opt')),
      Labels: pairsToObject(flags.list('label')),
    });
    out.print(`${volume.Name}\n`);
    return 0;
  },
};
