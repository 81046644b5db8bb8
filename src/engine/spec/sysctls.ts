/** `--sysctl`: only keys that a namespace of the container owns; any other would change the host (CVE-2022-0532). */

import { TiffinError } from '../../base/errors.ts';
import { IPC_SYSCTLS } from '../../spec/ipc-sysctls.ts';
import type { LinuxIdMapping } from '../../spec/runtime/index.ts';
import type { NamespaceModes } from './namespaces.ts';
import { idCount } from './user-namespace.ts';

/** As Docker: programs without privilege may ping and listen on low ports of their own network. */
const NETWORK_DEFAULTS: readonly (readonly [string, string])[] = [
  ['net.ipv4.ip_unprivileged_port_start', '0'],
  ['net.ipv4.ping_group_range', '0 2147483647'],
];

/** The defaults and what was asked for. Throws `invalid`. */
export function toSysctls(
  asked: Readonly<Record<string, string>>,
  modes: NamespaceModes,
  groups?: readonly LinuxIdMapping[],
): Record<string, string> {
  const sysctls: Record<string, string> = Object.create(null);
  if (modes.network.kind === 'private') {
    for (const [key, value] of NETWORK_DEFAULTS) sysctls[key] = value;
  }
  // The kernel takes only groups that the writer's user namespace has.
  if (groups !== undefined && modes.network.kind === 'private') {
    sysctls['net.ipv4.ping_group_range'] = `0 ${idCount(groups) - 1}`;
  }
  for (const [key, value] of Object.entries(asked)) {
    checkSysctl(key, value, modes);
    sysctls[key] = value;
  }
  return sysctls;
}

function checkSysctl(key: string, value: string, modes: NamespaceModes): void {
  if (!isKey(key) || value.includes('\0') || value.includes('\n')) throw refused(key);
  if (IPC_SYSCTLS.has(key) || key.startsWith('fs.mqueue.')) {
    if (modes.ipc.kind === 'host') throw notAllowed(key, 'IPC');
  } else if (key.startsWith('net.')) {
    if (modes.network.kind === 'host') throw notAllowed(key, 'network');
  } else if (key === 'kernel.domainname') {
    if (modes.uts.kind === 'host') throw notAllowed(key, 'UTS');
  } else {
    throw refused(key);
  }
}

/** Letters, digits, `_`, `-` and single dots: nothing that could leave /proc/sys. */
function isKey(key: string): boolean {
  return key.split('.').every((part) => part.length <= 64 && /^[A-Za-z0-9_-]+$/.test(part));
}

function notAllowed(key: string, namespace: string): TiffinError {
  return new TiffinError(
    'invalid',
    'sysctl-of-host',
    `sysctl "${key}" is not allowed in the host's ${namespace} namespace`,
  );
}

function refused(key: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-sysctl',
    `sysctl "${key.slice(0, 120)}" is not in a separate kernel namespace`,
  );
}
