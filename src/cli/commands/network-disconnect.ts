/** `tiffin network disconnect`. */

import type { Command } from '../command.ts';

export const networkDisconnect: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Disconnect a container from a network',
  flags: [
    {
      name: 'force',
      short: 'f',
      kind: 'bool',
      help: 'Force the container to disconnect from a network',
    },
  ],
  args: { min: 2, max: 2 },
  run: async ({ args, flags, client }) => {
    const [network = '', container = ''] = args;
    await client.text('POST', `/networks/${encodeURIComponent(network)}/disconnect`, {
      Container: container,
      Force: flags.bool('force'),
    });
    return 0;
  },
};
