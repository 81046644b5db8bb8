/** Archives to and from files, pipes and standard streams. */

import { constants, createReadStream, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { CliError } from '../command.ts';
import { openFailure } from '../container/env-file.ts';
import { standardInput } from './input.ts';
import type { Output } from './output.ts';
import { isTerminal } from './terminal.ts';

/** `-` or empty: standard input. */
export async function readArchive(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '' || path === '-') {
    if (isTerminal(0)) throw new CliError('requested load from stdin, but stdin is empty');
    return standardInput();
  }
  const file = await openOr(path, 'r');
  return createReadStream(path, { fd: file, autoClose: true, highWaterMark: 256 * 1024 });
}

/** Empty: standard output. A file appears complete or not at all; a device or a pipe is written to. */
export async function writeArchive(
  path: string,
  body: AsyncIterable<Uint8Array>,
  out: Output,
): Promise<void> {
  if (path === '') {
    for await (const bytes of body) await out.write(1, bytes);
    return;
  }
  if (isSpecial(path)) return writeInto(path, body);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await openOr(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    for await (const bytes of body) await file.writeFile(bytes);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary);
    throw error;
  }
}

/** A rename would put a file in its place, on /dev/null for the whole machine. */
function isSpecial(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

async function writeInto(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await openOr(path, constants.O_WRONLY);
  try {
    for await (const bytes of body) await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** An archive on a terminal helps nobody. */
export function refuseTerminal(path: string, verb: string): void {
  if (path === '' && isTerminal(1)) {
    throw new CliError(`cowardly refusing to ${verb} to a terminal. Use the -o flag or redirect`);
  }
}

async function openOr(path: string, flags: string | number) {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    throw new CliError(openFailure(path, error));
  }
}
