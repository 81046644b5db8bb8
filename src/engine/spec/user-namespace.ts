/** `--userns private`: a container whose root is an ordinary user of the machine, from the ranges of subuid(5) and subgid(5). */

import { TiffinError } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker.ts';
import type { LinuxIdMapping } from '../../spec/runtime/index.ts';
import type { IdMap } from '../containers/idmap.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import type { NamespaceModes } from './namespaces.ts';

/** Whose ranges are taken, as with docker's `userns-remap` `default`. */
export const REMAP_USER = 'dockremap';

/** The kernel keeps 2^32 - 1 for «nobody». */
const END = 2 ** 32 - 1;
/** Lines that uid_map takes (user_namespaces(7)). */
const MAX_RANGES = 340;

export function hasOwnUsers(host: Pick<HostConfig, 'UsernsMode'>): boolean {
  return host.UsernsMode === 'private';
}

/** The ranges of `REMAP_USER`, one after the other from id 0 inside. Throws `invalid` where there are none. */
export function subordinateIds(subuid: string, subgid: string): IdMap {
  return { uids: ranges(subuid, '/etc/subuid'), gids: ranges(subgid, '/etc/subgid') };
}

function ranges(text: string, file: string): LinuxIdMapping[] {
  const found: LinuxIdMapping[] = [];
  let containerID = 0;
  for (const line of text.split('\n')) {
    const [user, first = '', count = '', ...more] = line.trim().split(':');
    if (user !== REMAP_USER) continue;
    const [hostID, size] = [decimal(first), decimal(count)];
    const sound = more.length === 0 && hostID > 0 && size > 0 && hostID + size <= END;
    if (!sound || containerID + size > END) throw badRange(file, line);
    found.push({ containerID, hostID, size });
    containerID += size;
  }
  if (found.length === 0 || found.length > MAX_RANGES) throw noRange(file);
  return found;
}

/** NaN for what is no number of at most ten digits. */
function decimal(text: string): number {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
}

/** How many ids there are inside. */
export function idCount(ids: readonly LinuxIdMapping[]): number {
  return ids.reduce((sum, { size }) => sum + size, 0);
}

/** Throws `invalid` for what a user namespace does not go together with; the first three in Docker's words. */
export function validateOwnUsers(
  host: HostConfig,
  modes: NamespaceModes,
  mounts: readonly MountRecord[],
): void {
  if (!hasOwnUsers(host)) return;
  const [, words] = CONFLICTS.find(([applies]) => applies(host, modes, mounts)) ?? [];
  if (words === undefined) return;
  throw new TiffinError('invalid', 'userns-conflict', words, {
    hint: 'use --userns host, or leave the other option out',
  });
}

type Conflict = (
  host: HostConfig,
  modes: NamespaceModes,
  mounts: readonly MountRecord[],
) => boolean;

const joins = ({ pid, ipc, network }: NamespaceModes) =>
  [pid, ipc, network].some(({ kind }) => kind === 'container');

const CONFLICTS: readonly (readonly [Conflict, string])[] = [
  [
    (host) => host.Privileged,
    'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
  ],
  [
    (_host, { network }) => network.kind === 'host',
    "cannot share the host's network namespace when user namespaces are enabled",
  ],
  [
    (_host, { pid }) => pid.kind === 'host',
    'cannot share the host PID namespace when user namespaces are enabled',
  ],
  [
    (_host, { ipc }) => ipc.kind === 'host',
    "cannot share the host's IPC namespace when user namespaces are enabled",
  ],
  [
    (_host, modes) => joins(modes),
    'cannot join namespaces of another container when user namespaces are enabled',
  ],
  [
    (_host, _modes, mounts) => mounts.some(({ type }) => type === 'image'),
    'cannot mount an image when user namespaces are enabled',
  ],
  [
    (_host, _modes, mounts) => mounts.some(({ subpath }) => subpath !== undefined),
    'cannot mount a part of a volume when user namespaces are enabled',
  ],
];

function noRange(file: string): TiffinError {
  const message = `user namespaces: ${file} has no range for ${REMAP_USER}`;
  return new TiffinError('invalid', 'no-subordinate-ids', message, {
    hint: `add a line such as ${REMAP_USER}:165536:65536 to /etc/subuid and to /etc/subgid`,
  });
}

function badRange(file: string, line: string): TiffinError {
  const shown = JSON.stringify(line.slice(0, 80));
  const message = `user namespaces: ${file} has a line that is no range: ${shown}`;
  return new TiffinError('invalid', 'no-subordinate-ids', message);
}
