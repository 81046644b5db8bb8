/** The image that comes inside of this program, so that a container runs on a machine without a network. */

import { readFileSync } from 'node:fs';
import starter from '../../../dist/starter.tar' with { type: 'file' };
import type { Store } from '../../store/index.ts';

const NAMES: ReadonlySet<string> = new Set([
  'starter',
  'starter:latest',
  'docker.io/library/starter',
  'docker.io/library/starter:latest',
  'library/starter',
  'library/starter:latest',
]);

export function isStarter(reference: string): boolean {
  return NAMES.has(reference);
}

export async function loadStarter(store: Store): Promise<void> {
  await store.archives.load(embedded());
}

/** A file inside of the binary can be read only as a whole. */
async function* embedded(): AsyncGenerator<Uint8Array> {
  yield readFileSync(starter);
}
