/** `tiffin serve --cfs`: the REST interface in the engine's process, as a client of its socket. */

import { resolve } from 'node:path';
import { errorMessage } from '../../../base/errors.ts';
import { Client } from '../../client/client.ts';
import { socketPath } from '../../client/engine.ts';
import { Socket } from '../../client/socket.ts';
import { CliError, type ServeOptions } from '../../command.ts';
import { folderOrDefault } from '../flags.ts';
import { parseAddress } from './address.ts';
import { openFront } from './front.ts';
import { directoryOrDefault } from './state-directory.ts';

/** Listens before the engine does anything, so that a taken address ends the start. `begin`: the engine answers now. */
export function openBeside(
  address: string,
  folder: string,
  engine: Pick<ServeOptions, 'hosts' | 'defaultSocket'>,
): { begin(): void } {
  // Not by the connector of commands, which starts an engine where none answers yet.
  const path = socketPath(unixHost(engine));
  const front = openFront({
    client: new Client(() => Socket.connect(path)),
    folder: resolve(folderOrDefault(folder)),
    address: parseAddress(address),
    stateDirectory: directoryOrDefault(''),
    out: undefined,
  });
  return {
    begin: () => {
      front.adopt().catch((error: unknown) => {
        process.stderr.write(`tiffin: cfs: ${errorMessage(error)}\n`);
      });
    },
  };
}

function unixHost({ hosts, defaultSocket }: Pick<ServeOptions, 'hosts' | 'defaultSocket'>): string {
  if (hosts.length === 0) return `unix://${defaultSocket}`;
  const host = hosts.find((text) => text.startsWith('/') || text.startsWith('unix:///'));
  if (host !== undefined) return host;
  throw new CliError('--cfs needs the engine on a unix socket too: add -H unix:///path');
}
