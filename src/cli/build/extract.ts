/** A tar stream into a directory of ours, written by the shim: no name and no link in it leads out. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import { TreeEncoder } from '../../store/layers/tree-encoder.ts';
import type { TarEvent } from '../../store/tar/entry.ts';
import { TarReader } from '../../store/tar/reader.ts';

export async function extractInto(
  directory: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'tiffin-build-'));
  const tree = unpackTree(shimPath(scratch), directory);
  const reader = new TarReader();
  const encoder = new TreeEncoder({ whiteouts: false });
  try {
    for await (const chunk of archive) {
      encoder.encode(reader.push(chunk).map(owned));
      await tree.write(encoder.take());
    }
    reader.finish();
    encoder.end();
    await tree.write(encoder.take());
    await tree.finish();
  } finally {
    await tree.abort();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Who is not root can give files to nobody else. */
function owned(event: TarEvent): TarEvent {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid === 0 || event.kind !== 'entry') return event;
  return { ...event, entry: { ...event.entry, uid, gid } };
}
