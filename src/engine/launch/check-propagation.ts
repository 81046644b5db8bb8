/** `shared` and `slave` binds work only from a mount of the host that is shared (mount_namespaces(7)): said before the start, in Docker's words. */

import { realpathSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import { mountOf } from '../volumes/mount-points.ts';

/** Throws `invalid`. */
export function checkPropagation(mounts: readonly MountRecord[]): void {
  for (const { propagation, source } of mounts) {
    const kind = propagation.replace(/^r(?=s)/, '');
    if (kind !== 'shared' && kind !== 'slave') continue;
    const { at, fields } = mountOf(realpathSync(source));
    const shared = fields.some((field) => field.startsWith('shared:'));
    const slave = fields.some((field) => field.startsWith('master:'));
    if (shared || (kind === 'slave' && slave)) continue;
    const wanted = kind === 'slave' ? 'a shared or slave' : 'a shared';
    throw new TiffinError(
      'invalid',
      'mount-propagation',
      `path ${source} is mounted on ${at} but it is not ${wanted} mount`,
      { hint: `make it one on the host: mount --make-rshared ${at}` },
    );
  }
}
