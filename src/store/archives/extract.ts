/** An archive that a person sends into a tree. Names are names here: no whiteouts, and the tree's own root keeps its attributes. */

import type { TreeSink } from '../../host/tree-process.ts';
import { decompress } from '../compression.ts';
import { TreeEncoder } from '../layers/tree-encoder.ts';
import type { TarEvent } from '../tar/entry.ts';
import { memberPath } from '../tar/member-path.ts';
import { TarReader } from '../tar/reader.ts';

export interface ExtractOptions {
  /** Who gets what is made; undefined: as the archive says. */
  owner?: { uid: number; gid: number };
  /** Attributes that only a privileged process can set stay out. */
  withoutXattrs?: boolean;
  /** Another name for each member. */
  rename?: (path: string) => string;
}

/** Throws `invalid` for a broken archive and what the tree throws; either way the tree's process has ended. */
export async function extractArchive(
  archive: AsyncIterable<Uint8Array>,
  tree: TreeSink,
  options: ExtractOptions = {},
): Promise<void> {
  const reader = new TarReader();
  const encoder = new TreeEncoder({ whiteouts: false });
  try {
    for await (const chunk of decompress(archive)) {
      encoder.encode(reader.push(chunk).flatMap((event) => changed(event, options)));
      await tree.write(encoder.take());
    }
    reader.finish();
    encoder.end();
    await tree.write(encoder.take());
    const { synced } = await tree.finish();
    await synced;
  } catch (error) {
    await tree.abort();
    throw error;
  }
}

function changed(event: TarEvent, options: ExtractOptions): TarEvent[] {
  if (event.kind === 'data') return [event];
  const { owner, rename, withoutXattrs } = options;
  const entry = { ...event.entry, ...owner };
  if (withoutXattrs === true) entry.xattrs = [];
  if (rename !== undefined) {
    entry.path = rename(memberPath(entry.path));
    if (entry.kind === 'hardlink') entry.link = rename(memberPath(entry.link));
  }
  const isRoot = entry.kind === 'directory' && memberPath(entry.path) === '.';
  return isRoot ? [] : [{ kind: 'entry', entry }];
}
