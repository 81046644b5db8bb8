/** `cp path container:path`. */

import { lstatSync, realpathSync } from 'node:fs';
import type { Client } from '../client/client.ts';
import { ApiError, withQuery } from '../client/client.ts';
import { CliError } from '../command.ts';
import { readArchive } from '../streams/file.ts';
import type { CopyFlags } from './from-container.ts';
import { localArchive } from './local-archive.ts';
import { type CopyInfo, lastName, type Place, target } from './place.ts';
import { isGoDirectory, isGoLink, statPath } from './stat.ts';

/** Bytes of the archive. */
export async function toContainer(
  client: Client,
  source: string,
  destination: Required<Place>,
  flags: CopyFlags,
): Promise<number> {
  const { container } = destination;
  const info = await destinationInfo(client, destination);
  if (source === '-') {
    if (!info.isDirectory) {
      throw new CliError(`destination "${container}:${destination.path}" must be a directory`);
    }
    return send(client, container, info.path, await readArchive('-'), flags);
  }
  const local = localSource(source, flags.followLink);
  const name = lastName(source);
  const { directory, rename } = target(local, info, name);
  return send(client, container, directory, localArchive(local.path, name, rename), flags);
}

async function send(
  client: Client,
  container: string,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  flags: CopyFlags,
): Promise<number> {
  let size = 0;
  const query = { path, noOverwriteDirNonDir: true, copyUIDGID: flags.archive || undefined };
  const url = withQuery(`/containers/${encodeURIComponent(container)}/archive`, query);
  const response = await client.stream('PUT', url, { body: counted() });
  for await (const _rest of response.body);
  return size;

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      size += chunk.length;
      yield chunk;
    }
  }
}

/** A destination that cannot be looked at counts as absent: the engine says more when it comes to unpacking. */
async function destinationInfo(
  client: Client,
  { container, path }: Required<Place>,
): Promise<CopyInfo> {
  const absent = { path, exists: false, isDirectory: false };
  try {
    const stat = await statPath(client, container, path);
    if (!isGoLink(stat)) return { path, exists: true, isDirectory: isGoDirectory(stat) };
    const behind = await statPath(client, container, stat.linkTarget).catch(() => undefined);
    if (behind === undefined) return { ...absent, path: stat.linkTarget };
    return { path: stat.linkTarget, exists: true, isDirectory: isGoDirectory(behind) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return absent;
  }
}

function localSource(path: string, follow: boolean): CopyInfo {
  try {
    const real = follow ? realpathSync(path) : path;
    return { path: real, exists: true, isDirectory: lstatSync(real).isDirectory() };
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new CliError(
      missing ? `lstat ${path}: no such file or directory` : `lstat ${path}: ${String(cause)}`,
    );
  }
}
