/** What the machine lends to containers with a user namespace of their own: read at each start, as nothing on the disk depends on it. */

import { readFileSync } from 'node:fs';
import type { IdMap } from '../containers/idmap.ts';
import type { Definition } from '../containers/record.ts';
import { hasOwnUsers, subordinateIds } from '../spec/user-namespace.ts';

/** Undefined for a container that shares the users of the machine. Throws `invalid` where the machine lends none. */
export function ownUsers({ hostConfig }: Pick<Definition, 'hostConfig'>): IdMap | undefined {
  if (!hasOwnUsers(hostConfig)) return undefined;
  return subordinateIds(readText('/etc/subuid'), readText('/etc/subgid'));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
