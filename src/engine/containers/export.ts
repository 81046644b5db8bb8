/** `export`: the container's file system as a tar stream, whether it runs or not. */

import type { Parts } from '../parts.ts';
import { emitContainer } from './container-events.ts';
import { wholeView } from './views.ts';

export async function* exportContainer(parts: Parts, reference: string): AsyncIterable<Uint8Array> {
  const container = parts.containers.get(reference);
  emitContainer(parts, container, 'export');
  yield* parts.store.archives.exportTree(wholeView(parts, container));
}
