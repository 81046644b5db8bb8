/** Which namespaces are new, shared with the host, or joined: `--pid`, `--ipc`, `--uts`, `--network`, `--cgroupns`, `--userns`. */

import { TiffinError } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker.ts';
import type { LinuxNamespace, NamespaceType } from '../../spec/runtime/index.ts';

/** Where one namespace comes from. */
export type NamespaceMode =
  | { kind: 'private' }
  | { kind: 'host' }
  /** Name or id, as written. */
  | { kind: 'container'; container: string };

export interface NamespaceModes {
  pid: NamespaceMode;
  ipc: NamespaceMode;
  uts: NamespaceMode;
  network: NamespaceMode;
  cgroup: NamespaceMode;
}

/** The pid of the process whose namespaces are joined, by the container text of the mode. */
export type JoinedPid = (container: string) => number;

const FILES: Readonly<Record<string, string>> = {
  pid: 'pid',
  ipc: 'ipc',
  uts: 'uts',
  network: 'net',
  cgroup: 'cgroup',
};

/** Throws `invalid` for a mode that does not exist and `unsupported` for one this engine does not have. */
export function namespaceModes(host: HostConfig): NamespaceModes {
  if (!['', 'host', 'private'].includes(host.UsernsMode)) {
    throw new TiffinError('invalid', 'bad-mode', `invalid userns mode: ${host.UsernsMode}`);
  }
  return {
    pid: parseMode('pid', host.PidMode, ['']),
    ipc: parseMode('ipc', host.IpcMode, ['', 'private', 'shareable', 'none']),
    uts: parseMode('uts', host.UTSMode, ['']),
    network: networkMode(host.NetworkMode),
    cgroup: parseMode('cgroupns', host.CgroupnsMode, ['', 'private']),
  };
}

export function toNamespaces(
  modes: NamespaceModes,
  pidOf: JoinedPid,
  ownUsers: boolean,
): LinuxNamespace[] {
  const namespaces: LinuxNamespace[] = [{ type: 'mount' }];
  if (ownUsers) namespaces.push({ type: 'user' });
  for (const type of ['pid', 'ipc', 'uts', 'network', 'cgroup'] as const) {
    const mode = modes[type];
    if (mode.kind === 'host') continue;
    namespaces.push(mode.kind === 'private' ? { type } : joined(type, pidOf(mode.container)));
  }
  return namespaces;
}

function joined(type: NamespaceType, pid: number): LinuxNamespace {
  return { type, path: `/proc/${pid}/ns/${FILES[type]}` };
}

function parseMode(what: string, text: string, asPrivate: readonly string[]): NamespaceMode {
  if (text === 'host') return { kind: 'host' };
  if (asPrivate.includes(text)) return { kind: 'private' };
  const container = containerOf(text);
  if (container !== undefined && what !== 'cgroupns' && what !== 'uts') {
    return { kind: 'container', container };
  }
  throw new TiffinError('invalid', 'bad-mode', `invalid ${what} mode: ${text}`);
}

function networkMode(text: string): NamespaceMode {
  if (text === 'host') return { kind: 'host' };
  const container = containerOf(text);
  return container === undefined ? { kind: 'private' } : { kind: 'container', container };
}

function containerOf(text: string): string | undefined {
  const prefix = 'container:';
  if (!text.startsWith(prefix) || text.length === prefix.length) return undefined;
  return text.slice(prefix.length);
}
