/** `tiffin context import`: what `context export` of Tiffin or docker wrote. */

import { TarReader } from '../../store/tar/reader.ts';
import { CliError, type Command } from '../command.ts';
import {
  checkHost,
  checkName,
  contextExists,
  parseContext,
  writeContext,
} from '../context/store.ts';
import { readArchive } from '../streams/file.ts';

/** Docker's own bound for the whole archive. */
const MAX_ARCHIVE = 10 * 1024 * 1024;

export const contextImport: Command = {
  usage: 'CONTEXT FILE|-',
  summary: 'Import a context from a tar file',
  flags: [],
  args: { min: 2, max: 2 },
  run: async ({ args, out }) => {
    const [name = '', source = ''] = args;
    checkName(name);
    if (contextExists(name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const context = parseContext(await metadataOf(await readArchive(source)), source);
    checkHost(context.host);
    writeContext(name, context.description, context.host, context.meta);
    out.print(`${name}\n`);
    out.error(`Successfully imported context ${JSON.stringify(name)}\n`);
    return 0;
  },
};

/** The text of `meta.json`. No member is ever written anywhere. */
async function metadataOf(archive: AsyncIterable<Uint8Array>): Promise<string> {
  const reader = new TarReader();
  const pieces: Uint8Array[] = [];
  let inside = false;
  let total = 0;
  for await (const chunk of archive) {
    total += chunk.length;
    if (total > MAX_ARCHIVE)
      throw new CliError(`the context archive is larger than ${MAX_ARCHIVE} bytes`);
    for (const event of reader.push(chunk)) {
      if (event.kind === 'data') {
        if (inside) pieces.push(event.bytes.slice());
        continue;
      }
      const { path, kind } = event.entry;
      inside = path === 'meta.json';
      if (path.startsWith('tls/') && kind === 'file') {
        throw new CliError(
          'the context holds TLS keys, and an engine of Tiffin answers on a unix socket only',
        );
      }
    }
  }
  reader.finish();
  if (pieces.length === 0) throw new CliError('invalid context: no metadata found');
  return Buffer.concat(pieces).toString();
}
