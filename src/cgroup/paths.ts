/** Where a container's cgroups are. */

import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { CgroupPaths } from './types.ts';

/** One directory of the container and the directories above it, from the top of the hierarchy down. */
export interface CgroupDirectory {
  path: string;
  /** Without the mount point itself. */
  ancestors: string[];
  mountpoint: string;
  /** v1 controllers in this hierarchy; empty for v2. */
  controllers: string[];
}

/** The directories of the cgroup `path` (see `CgroupRequest.path`). */
export function cgroupPaths(facts: HostFacts, path: string): CgroupPaths {
  const v1: Record<string, string> = Object.create(null);
  for (const [controller, mountpoint] of Object.entries(facts.cgroup.v1)) {
    v1[controller] = mountpoint + relativePath(facts, controller, path);
  }
  const { v2 } = facts.cgroup;
  return { v1, v2: v2 === undefined ? '' : v2 + relativePath(facts, '', path) };
}

/** Every directory once: v2 first, as its parent takes the child at clone time, then v1 in mount order. */
export function cgroupDirectories(facts: HostFacts, paths: CgroupPaths): CgroupDirectory[] {
  const directories = new Map<string, CgroupDirectory>();
  if (paths.v2 !== '') directories.set(paths.v2, directory(paths.v2, facts.cgroup.v2 ?? '', []));
  for (const [controller, path] of Object.entries(paths.v1)) {
    const known = directories.get(path);
    if (known !== undefined) known.controllers.push(controller);
    else directories.set(path, directory(path, facts.cgroup.v1[controller] ?? '', [controller]));
  }
  return [...directories.values()];
}

/** The directories to visit when only the recorded paths are left, each once. */
export function uniquePaths(paths: CgroupPaths): string[] {
  const v2 = paths.v2 === '' ? [] : [paths.v2];
  return [...new Set([...v2, ...Object.values(paths.v1)])];
}

/**
 * The directory that systemd would give a scope: `system.slice:tiffin:web` → `/system.slice/tiffin-web.scope`, and
 * `a-b.slice:…` → `/a.slice/a-b.slice/…`. Undefined when the text has not that form.
 */
export function systemdCgroupPath(text: string): string | undefined {
  const [slice, prefix, name, ...rest] = text.split(':');
  if (slice === undefined || prefix === undefined || name === undefined || rest.length > 0) {
    return undefined;
  }
  const unit = name.endsWith('.slice') ? name : `${prefix === '' ? '' : `${prefix}-`}${name}.scope`;
  return `${slicePath(slice === '' ? 'system.slice' : slice)}/${unit}`;
}

function slicePath(slice: string): string {
  if (slice === '-.slice') return '';
  const parts = slice.replace(/\.slice$/, '').split('-');
  if (parts.includes('')) throw invalidPath(slice, 'not the name of a slice');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}

function relativePath(facts: HostFacts, controller: string, path: string): string {
  const own = path.startsWith('/') ? '' : (facts.cgroup.own[controller] ?? '/');
  return `${own === '/' ? '' : own}/${checkedParts(path).join('/')}`;
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

function directory(path: string, mountpoint: string, controllers: string[]): CgroupDirectory {
  const parts = path.slice(mountpoint.length + 1).split('/');
  const ancestors = parts
    .slice(0, -1)
    .map((_, index) => `${mountpoint}/${parts.slice(0, index + 1).join('/')}`);
  return { path, ancestors, mountpoint, controllers };
}
