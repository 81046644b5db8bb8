/** `tiffin cfs server`: the REST interface in the foreground, until a signal ends it. Containers go on without it. */

import { resolve } from 'node:path';
import type { Command, Invocation } from '../../command.ts';
import { imagesFlag, imagesFolder } from '../flags.ts';
import { DEFAULT_ADDRESS, parseAddress } from './address.ts';
import { openFront } from './front.ts';
import { stateDirectory, stateFlag } from './state-directory.ts';

export const cfsServer: Command = {
  usage: '[OPTIONS]',
  summary: 'Serve the REST interface of container from scratch',
  flags: [
    imagesFlag,
    stateFlag,
    {
      name: 'listen',
      kind: 'string',
      label: 'address',
      help: 'Address to listen on, of the loopback',
      fallback: DEFAULT_ADDRESS,
    },
  ],
  args: { min: 0, max: 0 },
  run: serve,
};

async function serve({ flags, client, out }: Invocation): Promise<number> {
  const front = openFront({
    client,
    folder: resolve(imagesFolder(flags)),
    address: parseAddress(flags.text('listen')),
    stateDirectory: stateDirectory(flags),
    out,
  });
  try {
    await front.adopt();
    await new Promise<void>((stop) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
    });
  } finally {
    await front.close();
  }
  return 0;
}
