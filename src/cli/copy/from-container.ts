/** `cp container:path path`: the archive is unpacked by the shim, so that no name in it leads out of the destination. */

import { lstatSync, mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import { extractArchive } from '../../store/archives/extract.ts';
import type { Client } from '../client/client.ts';
import { CliError } from '../command.ts';
import type { Output } from '../streams/output.ts';
import { isTerminal } from '../streams/terminal.ts';
import { type CopyInfo, lastName, type Place, target } from './place.ts';
import { archiveTarget, isGoDirectory, isGoLink, readStat, statPath } from './stat.ts';

const MAX_LINKS = 40;

export interface CopyFlags {
  archive: boolean;
  followLink: boolean;
}

/** Bytes of the archive. */
export async function fromContainer(
  client: Client,
  out: Output,
  source: Required<Place>,
  destination: string,
  flags: CopyFlags,
): Promise<number> {
  let { path } = source;
  let name = lastName(path);
  if (flags.followLink) {
    const stat = await statPath(client, source.container, path);
    if (isGoLink(stat)) path = stat.linkTarget;
  }
  const response = await client.stream('GET', archiveTarget(source.container, path));
  const counted = new Counter(response.body);
  if (destination === '-') {
    if (isTerminal(1)) throw new CliError('cowardly refusing to copy to a terminal');
    for await (const chunk of counted.chunks()) await out.write(1, chunk);
    return counted.size;
  }
  const stat = readStat(response);
  const inArchive = isGoDirectory(stat) ? lastName(path) : stat.name;
  if (path === source.path) name = inArchive;
  const local = localDestination(destination);
  const info = { path: source.path, exists: true, isDirectory: isGoDirectory(stat) };
  const to = target(info, local, name);
  const rename = (member: string) => to.rename(replaceFirst(member, inArchive, name));
  await unpack(counted.chunks(), to.directory, rename, flags.archive);
  return counted.size;
}

async function unpack(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  rename: (name: string) => string,
  keepOwner: boolean,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'tiffin-cp-'));
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  try {
    const tree = unpackTree(shimPath(home), resolve(directory), undefined, {
      keepKinds: true,
      noSync: true,
    });
    await extractArchive(archive, tree, {
      rename,
      withoutXattrs: uid !== 0,
      ...(keepOwner && uid === 0 ? {} : { owner: { uid, gid } }),
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Links are followed; where there is nothing, its directory must be there. */
function localDestination(path: string): CopyInfo {
  let at = path;
  for (let hop = 0; hop < MAX_LINKS; hop += 1) {
    const status = lstatSync(at, { throwIfNoEntry: false });
    if (status === undefined) break;
    if (!status.isSymbolicLink()) {
      return { path: at, exists: true, isDirectory: status.isDirectory() };
    }
    at = resolve(dirname(at), readlinkSync(at));
  }
  const parent = dirname(resolve(at));
  if (statSync(parent, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CliError(`invalid output path: directory "${parent}" does not exist`);
  }
  return { path: at, exists: false, isDirectory: false };
}

/** The source was reached through a link: its own name counts, not that of what the link leads to. */
function replaceFirst(member: string, from: string, to: string): string {
  if (from === to || from === '.' || from === '') return member;
  if (member === from) return to;
  return member.startsWith(`${from}/`) ? `${to}${member.slice(from.length)}` : member;
}

class Counter {
  readonly #source: AsyncIterable<Uint8Array>;
  size = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.size += chunk.length;
      yield chunk;
    }
  }
}
