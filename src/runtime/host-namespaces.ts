/** A namespace that is joined by its path can be the caller's own: then its settings are the machine's. */

import { statSync } from 'node:fs';
import { TiffinError } from '../base/errors.ts';
import { type NamespaceType, type RuntimeSpec, sysctlNamespace } from '../spec/runtime/index.ts';

/** Names below /proc/self/ns of the namespaces that have settings. */
const FILES: Partial<Record<NamespaceType, string>> = {
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
};

/** @throws TiffinError `invalid`, naming the field that would change the machine. */
export function refuseHostNamespaces(spec: RuntimeSpec): void {
  for (const { type, path = '' } of spec.linux?.namespaces ?? []) {
    if (path === '') continue;
    const [field] = settingsOf(spec, type);
    if (field === undefined || !isOwn(path, FILES[type])) continue;
    throw new TiffinError(
      'invalid',
      'host-namespace',
      `${field}: the ${type} namespace ${path} is the caller's own, whose setting would change`,
    );
  }
}

/** Fields of the configuration that set something in a namespace of this type. */
function settingsOf(spec: RuntimeSpec, type: NamespaceType): string[] {
  const names =
    type === 'uts' ? (['hostname', 'domainname'] as const).filter((name) => spec[name]) : [];
  const sysctls = Object.keys(spec.linux?.sysctl ?? {})
    .filter((key) => sysctlNamespace(key) === type)
    .map((key) => `linux.sysctl.${key}`);
  return [...names, ...sysctls];
}

/** namespaces(7): two files are the same namespace if device and inode are. */
function isOwn(path: string, name: string | undefined): boolean {
  if (name === undefined) return false;
  const own = statSync(`/proc/self/ns/${name}`, { bigint: true });
  const joined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return joined?.dev === own.dev && joined.ino === own.ino;
}
