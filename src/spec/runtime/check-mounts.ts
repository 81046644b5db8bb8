/** Mounts: where they go, what they are made of, and whose ids they show. */

import { mappingProblems } from './check-namespaces.ts';
import type { Mount } from './mounts.ts';
import type { RuntimeSpec } from './spec.ts';

const PATH_MAX = 4096;

/** Not absolute is tolerated, taken from the root, as other runtimes do; empty is not. */
export function mountPlaces({ mounts }: RuntimeSpec): string[] {
  return (mounts ?? []).flatMap(({ destination, source = '' }, index) => [
    ...(destination === '' ? [`mounts[${index}].destination: must not be empty`] : []),
    ...tooLong(destination, `mounts[${index}].destination`),
    ...tooLong(source, `mounts[${index}].source`),
  ]);
}

function tooLong(path: string, at: string): string[] {
  return path.length >= PATH_MAX ? [`${at}: longer than ${PATH_MAX - 1} bytes`] : [];
}

export function mountTypes({ mounts }: RuntimeSpec): string[] {
  return (mounts ?? []).flatMap((mount, index) => {
    const { type = '', source = '', options = [] } = mount;
    const bind = isBind(mount);
    if (bind && source === '' && !options.includes('remount'))
      return [`mounts[${index}].source: a bind mount needs a source`];
    if (bind || options.includes('remount')) return [];
    return type === '' || type === 'none'
      ? [`mounts[${index}].type: must be given unless it is a bind mount`]
      : [];
  });
}

export function mountMappings(spec: RuntimeSpec): string[] {
  const user = spec.linux?.namespaces?.some(({ type }) => type === 'user') === true;
  return (spec.mounts ?? []).flatMap((mount, index) => {
    const at = `mounts[${index}]`;
    const { uidMappings = [], gidMappings = [], options = [] } = mount;
    const word = options.find((each) => each === 'idmap' || each === 'ridmap');
    const given = uidMappings.length + gidMappings.length > 0;
    if (!given && word === undefined) return [];
    const problems = [
      ...mappingProblems(`${at}.uidMappings`, uidMappings),
      ...mappingProblems(`${at}.gidMappings`, gidMappings),
    ];
    if (given && uidMappings.length === 0) problems.push(`${at}.uidMappings: ${TOGETHER}`);
    if (given && gidMappings.length === 0) problems.push(`${at}.gidMappings: ${TOGETHER}`);
    if (!given && !user) problems.push(`${at}.options: ${word} ${UNMAPPED}`);
    if (!isBind(mount)) problems.push(`${at}: ids can be mapped for bind mounts only`);
    return problems;
  });
}

const TOGETHER = 'uidMappings and gidMappings go together';
const UNMAPPED = "needs uidMappings and gidMappings, or a user namespace of the container's own";

function isBind({ type, options = [] }: Mount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}
