/** `tiffin context export`: a tar archive that docker's `context import` takes too. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';
import { CliError, type Command } from '../command.ts';
import { readContext } from '../context/store.ts';
import { isTerminal } from '../streams/terminal.ts';

export const contextExport: Command = {
  usage: '[OPTIONS] CONTEXT [FILE|-]',
  summary: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
  flags: [],
  args: { min: 1, max: 2 },
  run: async ({ args, out }) => {
    const [name = '', target = `${name}.dockercontext`] = args;
    const archive = contextArchive(JSON.stringify(readContext(name).meta));
    if (target !== '-') {
      writeNew(target, archive);
      out.error(`Written file ${JSON.stringify(target)}\n`);
      return 0;
    }
    if (isTerminal(1)) {
      throw new CliError('cowardly refusing to export to a terminal, specify a file path');
    }
    await out.write(1, archive);
    return 0;
  },
};

function contextArchive(meta: string): Uint8Array {
  const content = new TextEncoder().encode(meta);
  return Buffer.concat([
    tarHeader(plainFile('meta.json', content.length)),
    content,
    tarPadding(content.length),
    tarHeader({ ...plainFile('tls', 0), kind: 'directory', mode: 0o700 }),
    tarEnd(),
  ]);
}

/** What is there stays. */
function writeNew(path: string, bytes: Uint8Array): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (errnoName(error) === 'EEXIST') throw new CliError(`open ${path}: file exists`);
    throw error;
  }
  try {
    writeSync(file, bytes);
  } finally {
    closeSync(file);
  }
}
