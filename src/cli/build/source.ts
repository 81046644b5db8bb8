/** Where Dockerfile and context of a build come from: directory, archive, standard input, repository, address. */

import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorMessage } from '../../base/errors.ts';
import { type IgnoreRules, ignoreRules, parseIgnoreFile } from '../../build/ignore.ts';
import { CliError } from '../command.ts';
import { standardInput } from '../streams/input.ts';
import { contextArchive } from './context.ts';

export interface BuildSource {
  /** Fields of the request. */
  request: Record<string, unknown>;
  /** Undefined: the engine reads it. */
  dockerfile: string | undefined;
  archive: AsyncIterable<Uint8Array>;
}

export async function buildSource(path: string, file: string): Promise<BuildSource> {
  if (isRemote(path)) return remote(path, file);
  if (path === '-') {
    if (file === '-')
      throw new CliError("invalid argument: can't use stdin for both build context and dockerfile");
    const request = { ...(file === '' ? {} : { dockerfile: file }) };
    return { request, dockerfile: undefined, archive: standardInput() };
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CliError(`unable to prepare context: path ${JSON.stringify(path)} not found`);
  }
  const dockerfile = file === '-' ? await readAll(standardInput()) : readDockerfile(path, file);
  const rules = ignoreOf(path, file);
  return {
    request: {
      dockerfileText: dockerfile,
      dockerfile: file === '-' ? 'Dockerfile' : file || 'Dockerfile',
      ignore: [],
    },
    dockerfile,
    archive: contextArchive(path, rules),
  };
}

function isRemote(path: string): boolean {
  return (
    ['http://', 'https://', 'git://', 'ssh://', 'git@'].some((start) => path.startsWith(start)) ||
    (path.startsWith('github.com/') && statSync(path, { throwIfNoEntry: false }) === undefined)
  );
}

async function remote(path: string, file: string): Promise<BuildSource> {
  const dockerfile = file === '-' ? await readAll(standardInput()) : undefined;
  const request = {
    remote: path,
    ...(dockerfile === undefined ? {} : { dockerfileText: dockerfile }),
    ...(file === '' || file === '-' ? {} : { dockerfile: file }),
  };
  return { request, dockerfile, archive: nothing() };
}

/** A path given with `-f` is relative to where we are. */
function readDockerfile(context: string, file: string): string {
  const path = file === '' ? join(context, 'Dockerfile') : file;
  const other =
    file === '' ? join(context, 'dockerfile') : isAbsolute(file) ? file : join(context, file);
  for (const candidate of [path, other]) {
    const text = readIfThere(candidate);
    if (text !== undefined) return text;
  }
  throw new CliError(`failed to read dockerfile: open ${path}: no such file or directory`);
}

/** The Dockerfile's own ignore file comes before the context's. */
function ignoreOf(context: string, file: string): IgnoreRules {
  const own = file === '' || file === '-' ? join(context, 'Dockerfile') : file;
  const text = readIfThere(`${own}.dockerignore`) ?? readIfThere(join(context, '.dockerignore'));
  return text === undefined ? ignoreRules([]) : parseIgnoreFile(text);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliError(`failed to read ${path}: ${errorMessage(error)}`);
  }
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
