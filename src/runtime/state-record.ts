/** state.json: what create noted of a container. */

import { TiffinError } from '../base/errors.ts';
import type { CgroupPaths } from '../cgroup/types.ts';
import { parseExactJson } from '../spec/runtime/index.ts';

export interface ContainerRecord {
  id: string;
  bundle: string;
  rootfs: string;
  /** RFC 3339, UTC. */
  created: string;
  owner: string;
  cgroups: CgroupPaths;
  /** CLONE_NEW* of the container's namespaces, in decimal. */
  namespaces: string;
  /** The process that creates the container, until `process` is there. */
  creator: { pid: number; startTime: string };
  /** The unit of systemd that the cgroup is, of a user's manager or the machine's. */
  unit?: { name: string; user: boolean };
  pidFile?: string;
}

/** What every record has, by the type of its JSON value. */
const FIELDS = {
  id: 'string',
  bundle: 'string',
  rootfs: 'string',
  created: 'string',
  owner: 'string',
  cgroups: 'object',
  namespaces: 'string',
  creator: 'object',
} as const;

/** @throws TiffinError `broken-state`: a full disk or a crash of the machine cuts files short. */
export function parseRecord(text: string, id: string): ContainerRecord {
  const value = parseStored(text, 'state.json', id);
  const complete =
    typeof value === 'object' &&
    value !== null &&
    Object.entries(FIELDS).every(
      ([name, type]) => Object.hasOwn(value, name) && typeof Reflect.get(value, name) === type,
    );
  if (!complete) throw brokenState(id, 'state.json', 'not complete');
  // Written by this program into a directory that only its user can write to.
  return value as ContainerRecord;
}

export function parseStored(text: string, file: string, id: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    throw brokenState(id, file, 'not JSON');
  }
}

function brokenState(id: string, file: string, reason: string): TiffinError {
  return new TiffinError('unavailable', 'broken-state', `container ${id}: ${file} is ${reason}`, {
    hint: `kill what is left of it and remove it: tiffin oci delete --force ${id}`,
  });
}
