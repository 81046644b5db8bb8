/** Where the container's control groups are: runtime-spec config-linux.md «Cgroups Path». */

import { TiffinError } from '../base/errors.ts';
import type { LaunchRequest } from './request.ts';

/** Absolute: below the mount points. Else below the caller's own group, which is also where the default is. */
export function planCgroupPath(request: Pick<LaunchRequest, 'id' | 'spec' | 'cgroupPath'>): string {
  const path = request.cgroupPath ?? request.spec.linux?.cgroupsPath ?? '';
  if (path === '') return request.id;
  // A name with `..` would reach groups of others.
  if (path.split('/').includes('..')) {
    throw new TiffinError('invalid', 'cgroup-path', `linux.cgroupsPath: "${path}" contains ".."`);
  }
  return path;
}
