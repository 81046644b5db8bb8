/** Namespaces, id mappings, and what needs one of the container's own. */

import type { LinuxIdMapping } from './mappings.ts';
import type { RuntimeSpec } from './spec.ts';

const PATH_MAX = 4096;
const HOST_NAME_MAX = 64;
/** The last id a mapping may reach; (uid_t) -1 is none. */
const NO_ID = 0xffffffff;
/** UID_GID_MAP_MAX_EXTENTS of the kernel. */
const MAPPINGS_MAX = 340;

export function namespacesOnce({ linux }: RuntimeSpec): string[] {
  const seen = new Set<string>();
  return (linux?.namespaces ?? []).flatMap(({ type }, index) => {
    if (seen.has(type)) return [`linux.namespaces[${index}].type: ${type} is given twice`];
    seen.add(type);
    return [];
  });
}

export function namespacePaths({ linux }: RuntimeSpec): string[] {
  return (linux?.namespaces ?? []).flatMap(({ path }, index) => {
    const at = `linux.namespaces[${index}].path`;
    if (path === undefined || path === '') return [];
    if (!path.startsWith('/')) return [`${at}: "${path}" is not an absolute path`];
    return path.length >= PATH_MAX ? [`${at}: longer than ${PATH_MAX - 1} bytes`] : [];
  });
}

export function userMappings(spec: RuntimeSpec): string[] {
  const user = spec.linux?.namespaces?.find(({ type }) => type === 'user');
  const made = user !== undefined && (user.path ?? '') === '';
  const problems: string[] = [];
  for (const field of ['uidMappings', 'gidMappings'] as const) {
    const given = (spec.linux?.[field] ?? []).length > 0;
    if (made && !given) problems.push(`linux.${field}: a new user namespace needs mappings`);
    if (user === undefined && given) {
      problems.push(`linux.${field}: mappings need a user namespace in linux.namespaces`);
    }
  }
  return problems;
}

export function overlappingMappings({ linux }: RuntimeSpec): string[] {
  return (['uidMappings', 'gidMappings'] as const).flatMap((field) =>
    mappingProblems(`linux.${field}`, linux?.[field] ?? []),
  );
}

/** user_namespaces(7) «User and group ID mappings»: what the kernel refuses, told by its place. */
export function mappingProblems(field: string, mappings: readonly LinuxIdMapping[]): string[] {
  const problems = mappings.flatMap(({ containerID, hostID, size }, index) => {
    const at = `${field}[${index}]`;
    if (size === 0) return [`${at}.size: must not be 0`];
    const end = Math.max(containerID, hostID) + size;
    return end > NO_ID ? [`${at}: reaches beyond the last id`] : [];
  });
  if (mappings.length > MAPPINGS_MAX) problems.push(`${field}: more than ${MAPPINGS_MAX} ranges`);
  if (overlap(mappings, 'containerID')) {
    problems.push(`${field}: ranges inside the container overlap`);
  }
  if (overlap(mappings, 'hostID')) problems.push(`${field}: ranges on the host overlap`);
  return problems;
}

function overlap(mappings: readonly LinuxIdMapping[], side: 'containerID' | 'hostID'): boolean {
  const sorted = [...mappings].sort((a, b) => a[side] - b[side]);
  return sorted.some((mapping, index) => {
    const next = sorted[index + 1];
    return next !== undefined && mapping[side] + mapping.size > next[side];
  });
}

export function hostNames(spec: RuntimeSpec): string[] {
  const uts = hasNamespace(spec, 'uts');
  return (['hostname', 'domainname'] as const).flatMap((field) => {
    const name = spec[field];
    if (name === undefined || name === '') return [];
    if (!uts) return [`${field}: needs a uts namespace in linux.namespaces`];
    return new TextEncoder().encode(name).length > HOST_NAME_MAX
      ? [`${field}: longer than ${HOST_NAME_MAX} bytes`]
      : [];
  });
}

export function timeOffsets(spec: RuntimeSpec): string[] {
  return spec.linux?.timeOffsets === undefined || hasNamespace(spec, 'time')
    ? []
    : ['linux.timeOffsets: need a time namespace in linux.namespaces'];
}

export function hasNamespace(spec: RuntimeSpec, type: string): boolean {
  return (spec.linux?.namespaces ?? []).some((namespace) => namespace.type === type);
}
