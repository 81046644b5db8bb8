/** Kernel settings: only those of namespaces that the container has. */

import { IPC_SYSCTLS } from '../ipc-sysctls.ts';
import { hasNamespace } from './check-namespaces.ts';
import type { NamespaceType } from './linux.ts';
import type { RuntimeSpec } from './spec.ts';

/** A key of the host would change the host (CVE-2022-0811 and its kin), and `..` would leave /proc/sys. */
export function ownSysctls(spec: RuntimeSpec): string[] {
  return Object.keys(spec.linux?.sysctl ?? {}).flatMap((given) => {
    const key = dotted(given);
    const at = `linux.sysctl.${given}`;
    // Parts that a path would read as nothing, itself or its parent; a slash in a part stands for a dot.
    if (key.split('.').some((part) => ['', '/', '//'].includes(part)))
      return [`${at}: is no sysctl`];
    if (key === 'kernel.hostname') return [`${at}: use hostname instead`];
    const type = namespaceOf(key);
    return type === undefined
      ? [`${at}: is not in a namespace of the container`]
      : needs(spec, type, at);
  });
}

/** The namespace that a setting belongs to; undefined for one of the whole machine. */
export function sysctlNamespace(given: string): NamespaceType | undefined {
  return namespaceOf(dotted(given));
}

function namespaceOf(key: string): NamespaceType | undefined {
  if (key === 'kernel.domainname') return 'uts';
  if (IPC_SYSCTLS.has(key) || key.startsWith('fs.mqueue.')) return 'ipc';
  if (key.startsWith('net.')) return 'network';
  return key.startsWith('user.') ? 'user' : undefined;
}

function needs(spec: RuntimeSpec, type: NamespaceType, at: string): string[] {
  return hasNamespace(spec, type)
    ? []
    : [`${at}: needs a ${type} namespace of the container's own, or it would be the host's`];
}

/** sysctl.d(5): whichever of `.` and `/` comes first separates, and the other stands for a dot in a name. */
function dotted(key: string): string {
  const slash = key.indexOf('/');
  const dot = key.indexOf('.');
  if (slash < 0 || (dot >= 0 && dot < slash)) return key;
  return key.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}
