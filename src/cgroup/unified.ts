/** Plain v2 files: linux.resources.unified. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type LimitContext, write } from './controller.ts';

/** The files of the core that only bound the cgroup; the others move processes, kill or freeze (CVE-2023-6476). */
const CORE_FILES = new Set(['cgroup.max.depth', 'cgroup.max.descendants', 'cgroup.pressure']);

/** Writes of `unified`; files with several lines take one write per line. Throws `invalid` and `unsupported`. */
export function unifiedWrites(
  { unified = {} }: LinuxResources,
  { facts }: LimitContext,
): CgroupWrite[] {
  return Object.entries(unified).flatMap(([file, content]) => {
    checkFile(file, facts.cgroup.v2 === undefined ? [] : facts.cgroup.controllers);
    return content
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => write(file, line, `linux.resources.unified: ${file}`));
  });
}

/** Controllers of the files that `unified` names. */
export function unifiedControllers({ unified = {} }: LinuxResources): string[] {
  return Object.keys(unified)
    .filter((file) => !CORE_FILES.has(file))
    .map((file) => file.slice(0, file.indexOf('.')));
}

function checkFile(file: string, controllers: readonly string[]): void {
  const name = JSON.stringify(file.slice(0, 64));
  if (
    !/^[a-z_]+\.[\w.]{1,64}$/.test(file) ||
    (file.startsWith('cgroup.') && !CORE_FILES.has(file))
  ) {
    throw new TiffinError(
      'invalid',
      'invalid-unified-file',
      `linux.resources.unified: not a limit of a v2 cgroup: ${name}`,
    );
  }
  const controller = file.slice(0, file.indexOf('.'));
  if (controller === 'cgroup' || controllers.includes(controller)) return;
  throw new TiffinError(
    'unsupported',
    'no-such-controller',
    `linux.resources.unified: ${name}: this machine has no ${controller} controller in cgroup v2`,
    { hint: 'use the matching field of linux.resources, which works with v1 as well' },
  );
}
