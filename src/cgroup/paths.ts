/** Where a container's cgroups are. */

import { posix } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { CgroupPaths } from './types.ts';

/** One directory of the container and the directories above it, from the top of the hierarchy down. */
export interface CgroupDirectory {
  path: string;
  /** To be made if missing. */
  ancestors: string[];
  /** Exists: the mount point, or what is delegated to the caller. */
  top: string;
  /** v1 controllers in this hierarchy; empty for v2. */
  controllers: string[];
}

/**
 * The directories of the cgroup `path` (see `CgroupRequest.path`), in the hierarchies where the caller may make any.
 * Throws `cgroup-not-writable` for an absolute path that none of them is open to.
 */
export function cgroupPaths(facts: HostFacts, path: string): CgroupPaths {
  const parts = checkedParts(path);
  const within = (hierarchy: string) => relativePath(facts, hierarchy, path, parts);
  const v1: Record<string, string> = Object.create(null);
  for (const [controller, mountpoint] of Object.entries(facts.cgroup.v1)) {
    const relative = within(controller);
    if (relative !== undefined) v1[controller] = mountpoint + relative;
  }
  const relative = facts.cgroup.v2 === undefined ? undefined : within('');
  const paths = { v1, v2: relative === undefined ? '' : facts.cgroup.v2 + relative };
  const none = paths.v2 === '' && Object.keys(v1).length === 0;
  if (none && path.startsWith('/') && facts.cgroup.mode !== 'none') throw notWritable(path, facts);
  return paths;
}

/** Every directory once: v2 first, as its parent takes the child at clone time, then v1 in mount order. */
export function cgroupDirectories(facts: HostFacts, paths: CgroupPaths): CgroupDirectory[] {
  const directories = new Map<string, CgroupDirectory>();
  const top = (hierarchy: string, mountpoint = '') =>
    mountpoint + slashless(facts.delegated?.[hierarchy] ?? '');
  if (paths.v2 !== '') {
    directories.set(paths.v2, directory(paths.v2, top('', facts.cgroup.v2), []));
  }
  for (const [controller, path] of Object.entries(paths.v1)) {
    const known = directories.get(path);
    if (known !== undefined) known.controllers.push(controller);
    else {
      const start = top(controller, facts.cgroup.v1[controller]);
      directories.set(path, directory(path, start, [controller]));
    }
  }
  return [...directories.values()];
}

/** The directories to visit when only the recorded paths are left, each once. */
export function uniquePaths(paths: CgroupPaths): string[] {
  const v2 = paths.v2 === '' ? [] : [paths.v2];
  return [...new Set([...v2, ...Object.values(paths.v1)])];
}

/** Below the mount point; undefined where the caller may not make it. */
function relativePath(
  facts: HostFacts,
  hierarchy: string,
  path: string,
  parts: readonly string[],
): string | undefined {
  const { delegated } = facts;
  const tail = `/${parts.join('/')}`;
  if (delegated === undefined) {
    return path.startsWith('/') ? tail : slashless(neighbourhood(facts, hierarchy)) + tail;
  }
  const base = delegated[hierarchy];
  if (base === undefined) return undefined;
  if (!path.startsWith('/')) return slashless(base) + tail;
  return tail.startsWith(`${slashless(base)}/`) ? tail : undefined;
}

/**
 * Where a group without a given place is made: below the caller's own; in v2 alone beside it, as the kernel hands no controller
 * down from a group that holds processes.
 */
function neighbourhood({ cgroup }: HostFacts, hierarchy: string): string {
  const own = cgroup.own[hierarchy] ?? '/';
  return cgroup.mode === 'v2' ? posix.dirname(own) : own;
}

function slashless(path: string): string {
  return path === '/' ? '' : path;
}

function notWritable(path: string, { uid }: HostFacts): TiffinError {
  return new TiffinError(
    'denied',
    'cgroup-not-writable',
    `linux.cgroupsPath: ${JSON.stringify(path.slice(0, 128))}: uid ${uid} may not make cgroups there`,
    { hint: 'leave it out, or have a cgroup v2 directory delegated to you' },
  );
}

/** Refuses what would leave the hierarchy or mean the top of it, whose limits are the machine's. */
function checkedParts(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) throw invalidPath(path, 'names the top of the hierarchy');
  if (parts.includes('..')) throw invalidPath(path, 'contains ..');
  if (/\p{Cc}/u.test(path)) throw invalidPath(path, 'contains control characters');
  if (path.length > 2048 || parts.some((part) => part.length > 255)) {
    throw invalidPath(path, 'is too long');
  }
  return parts;
}

function invalidPath(path: string, reason: string): TiffinError {
  return new TiffinError(
    'invalid',
    'invalid-cgroup-path',
    `linux.cgroupsPath: ${JSON.stringify(path.slice(0, 128))}: ${reason}`,
    { hint: 'give a path such as /tiffin/<id>' },
  );
}

function directory(path: string, top: string, controllers: string[]): CgroupDirectory {
  const parts = path.slice(top.length + 1).split('/');
  const ancestors = parts
    .slice(0, -1)
    .map((_, index) => `${top}/${parts.slice(0, index + 1).join('/')}`);
  return { path, ancestors, top, controllers };
}
