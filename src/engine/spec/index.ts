/** Docker's configuration of a container → the OCI runtime specification. Pure but for the doors in its input. */

import type { HostFacts } from '../../host/facts.ts';
import type { UserRequest } from '../../runtime/request.ts';
import type { ContainerConfig, HostConfig } from '../../spec/docker.ts';
import type { RuntimeSpec } from '../../spec/runtime/index.ts';
import type { IdMap } from '../containers/idmap.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import { type DeviceDoor, toDevices } from './devices.ts';
import { type EtcFiles, toMounts } from './mounts.ts';
import { type JoinedPid, namespaceModes, toNamespaces } from './namespaces.ts';
import { toProcess } from './process.ts';
import { toResources } from './resources.ts';
import { toSecurity } from './security.ts';
import { toSysctls } from './sysctls.ts';
import { parseUser } from './user.ts';

export interface SpecInput {
  id: string;
  config: ContainerConfig;
  host: HostConfig;
  /** What the container calls itself; see `hostnameOf`. */
  hostname: string;
  /** Variables that its links give it. */
  linked: readonly string[];
  rootfs: string;
  mounts: readonly MountRecord[];
  /** Of a user namespace of its own. */
  users?: IdMap | undefined;
  /** Host path of /dev/shm where it is shared with another container. */
  shm?: string | undefined;
  files: EtcFiles;
  pidOf: JoinedPid;
  facts: HostFacts;
  devices: DeviceDoor;
}

export interface SpecOutput {
  spec: RuntimeSpec;
  user: UserRequest;
}

export function toRuntimeSpec(input: SpecInput): SpecOutput {
  const { config, host, facts, users } = input;
  const modes = namespaceModes(host);
  const security = toSecurity(host, facts);
  const { devices, rules } = toDevices(host, input.devices);
  const isolatedNames = modes.uts.kind === 'private';
  const spec: RuntimeSpec = {
    ociVersion: '1.3.0',
    process: toProcess(input, security),
    root: { path: input.rootfs, readonly: host.ReadonlyRootfs },
    ...(isolatedNames && { hostname: input.hostname }),
    ...(isolatedNames && config.Domainname !== '' && { domainname: config.Domainname }),
    mounts: toMounts({
      host,
      modes,
      mounts: input.mounts,
      files: input.files,
      shm: input.shm,
      users,
    }),
    annotations: host.Annotations,
    linux: {
      namespaces: toNamespaces(modes, input.pidOf, users !== undefined),
      ...(users !== undefined && { uidMappings: users.uids, gidMappings: users.gids }),
      devices,
      cgroupsPath: cgroupPath(host, input.id),
      resources: { ...toResources(host, facts, input.devices), devices: rules },
      sysctl: toSysctls(host.Sysctls, modes, users?.gids),
      ...(security.seccomp === undefined ? {} : { seccomp: security.seccomp }),
      maskedPaths: security.maskedPaths,
      readonlyPaths: security.readonlyPaths,
    },
  };
  return { spec, user: parseUser(config.User, host.GroupAdd) };
}

/** `/tiffin/<id>` or below the parent that was asked for. */
export function cgroupPath(host: HostConfig, id: string): string {
  const parent = host.CgroupParent === '' ? '/tiffin' : host.CgroupParent;
  return `${parent.endsWith('/') ? parent.slice(0, -1) : parent}/${id}`;
}

/** Docker's rule: the configured name, the host's with `--uts host`, else the short id. */
export function hostnameOf(
  config: ContainerConfig,
  host: HostConfig,
  id: string,
  own: string,
): string {
  if (host.UTSMode === 'host' || (host.NetworkMode === 'host' && config.Hostname === ''))
    return own;
  return config.Hostname === '' ? id.slice(0, 12) : config.Hostname;
}
