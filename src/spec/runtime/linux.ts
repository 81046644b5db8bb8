/** What only Linux has: runtime-spec config-linux.md. */

import {
  type Decoded,
  int64,
  integer,
  list,
  object,
  oneOf,
  record,
  text,
  truth,
  uint32,
} from './decode.ts';
import { idMapping } from './mappings.ts';
import { resources } from './resources.ts';
import { seccomp } from './seccomp.ts';

const namespaceType = oneOf('mount', 'pid', 'network', 'uts', 'ipc', 'user', 'cgroup', 'time');
export type NamespaceType = Decoded<typeof namespaceType>;

/** Without `path` a new namespace; with it, that one is joined. */
const namespace = object({ type: namespaceType }, { path: text });
export type LinuxNamespace = Decoded<typeof namespace>;

/** `fileMode` in decimal as JSON has it, permission bits only. */
const device = object(
  { type: oneOf('c', 'b', 'u', 'p'), path: text },
  { major: int64, minor: int64, fileMode: uint32, uid: uint32, gid: uint32 },
);
export type LinuxDevice = Decoded<typeof device>;

const netDevice = object({}, { name: text });
export type LinuxNetDevice = Decoded<typeof netDevice>;

const timeOffset = object({}, { secs: int64, nanosecs: integer(0, 999_999_999) });

const memoryPolicy = object(
  {
    mode: oneOf(
      'MPOL_DEFAULT',
      'MPOL_BIND',
      'MPOL_INTERLEAVE',
      'MPOL_WEIGHTED_INTERLEAVE',
      'MPOL_PREFERRED',
      'MPOL_PREFERRED_MANY',
      'MPOL_LOCAL',
    ),
  },
  {
    /** Such as `0-3,7`. */
    nodes: text,
    flags: list(oneOf('MPOL_F_NUMA_BALANCING', 'MPOL_F_RELATIVE_NODES', 'MPOL_F_STATIC_NODES')),
  },
);

export const linux = object(
  {},
  {
    namespaces: list(namespace),
    uidMappings: list(idMapping),
    gidMappings: list(idMapping),
    timeOffsets: object({}, { boottime: timeOffset, monotonic: timeOffset }),
    devices: list(device),
    netDevices: record(netDevice),
    /** Relative to the runtime's own place when not absolute. */
    cgroupsPath: text,
    resources,
    intelRdt: object(
      {},
      {
        closID: text,
        schemata: list(text),
        l3CacheSchema: text,
        memBwSchema: text,
        enableMonitoring: truth,
      },
    ),
    memoryPolicy,
    /** Key with dots (or slashes) to value. */
    sysctl: record(text),
    seccomp,
    rootfsPropagation: oneOf(
      '',
      'private',
      'rprivate',
      'shared',
      'rshared',
      'slave',
      'rslave',
      'unbindable',
      'runbindable',
    ),
    maskedPaths: list(text),
    readonlyPaths: list(text),
    mountLabel: text,
    personality: object({ domain: oneOf('LINUX', 'LINUX32') }, { flags: list(text) }),
  },
);
export type Linux = Decoded<typeof linux>;
