/** A process of a container in one of the cgroups that the container made below its own. */

import { TiffinError } from '../base/errors.ts';
import { readKernelText } from '../host/kernel-files.ts';
import type { CgroupPaths } from './types.ts';

/**
 * The container's directories with those that `named` gives in their place: `path`, below the v2 directory, or
 * `controller,…:path`, below those of these v1 controllers. Throws `invalid-sub-cgroup` for another form, a controller that
 * the container has no cgroup of, and a directory that is not there.
 */
export function subCgroups(paths: CgroupPaths, named: readonly string[]): CgroupPaths {
  const v1 = new Map(Object.entries(paths.v1));
  const seen = new Set<string>();
  let { v2 } = paths;
  for (const text of named) {
    const [controllers, path] = splitName(text);
    for (const controller of controllers) {
      if (seen.has(controller)) throw invalid(text, `${controller || 'v2'} is given twice`);
      seen.add(controller);
      const own = controller === '' ? paths.v2 : (paths.v1[controller] ?? '');
      if (own === '') throw invalid(text, `the container has no cgroup of ${controller || 'v2'}`);
      const directory = below(own, path, text);
      if (controller === '') v2 = directory;
      else v1.set(controller, directory);
    }
  }
  return { v1: Object.fromEntries(v1), v2 };
}

/** No controller stands for v2. */
function splitName(text: string): [string[], string] {
  const colon = text.indexOf(':');
  if (colon < 0) return [[''], text];
  const controllers = text.slice(0, colon).split(',');
  if (controllers.includes('')) throw invalid(text, 'empty controller');
  return [controllers, text.slice(colon + 1)];
}

/** Names only: the container made what is below, and no link can be there. */
function below(own: string, path: string, text: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw invalid(text, "leads out of the container's cgroup");
  const directory = [own, ...parts].join('/');
  if (readKernelText(`${directory}/cgroup.procs`) === undefined) {
    throw invalid(text, `${directory}: no such file or directory`);
  }
  return directory;
}

function invalid(text: string, reason: string): TiffinError {
  return new TiffinError(
    'invalid',
    'invalid-sub-cgroup',
    `bad sub cgroup path: ${JSON.stringify(text.slice(0, 256))}: ${reason}`,
    { hint: 'give [CONTROLLER,…:]PATH of a cgroup that is there' },
  );
}
