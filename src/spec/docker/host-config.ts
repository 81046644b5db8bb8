/**
 * How a container meets its host: Docker Engine API 1.51, definitions `Resources` and `HostConfig`. Every field is present: a parsed request
 * has Docker's default where the client said nothing, so that nobody downstream decides about absence a second time.
 */

import type { PortMap } from './network.ts';

export interface ThrottleDevice {
  Path: string;
  /** Bytes or operations per second. */
  Rate: number;
}

export interface WeightDevice {
  Path: string;
  /** 10 to 1000. */
  Weight: number;
}

export interface DeviceMapping {
  PathOnHost: string;
  PathInContainer: string;
  /** Any of `r`, `w`, `m`. */
  CgroupPermissions: string;
}

export interface DeviceRequest {
  Driver: string;
  /** -1: all. */
  Count: number;
  DeviceIDs: string[];
  Capabilities: string[][];
  Options: Record<string, string>;
}

export interface Ulimit {
  Name: string;
  /** -1: unlimited. */
  Soft: number;
  Hard: number;
}

/** 0, empty or null: not limited. */
export interface Resources {
  CpuShares: number;
  /** Bytes. */
  Memory: number;
  CgroupParent: string;
  BlkioWeight: number;
  BlkioWeightDevice: WeightDevice[];
  BlkioDeviceReadBps: ThrottleDevice[];
  BlkioDeviceWriteBps: ThrottleDevice[];
  BlkioDeviceReadIOps: ThrottleDevice[];
  BlkioDeviceWriteIOps: ThrottleDevice[];
  /** Microseconds. */
  CpuPeriod: number;
  /** Microseconds; -1: unlimited. */
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  Devices: DeviceMapping[];
  DeviceCgroupRules: string[];
  DeviceRequests: DeviceRequest[];
  /** Bytes. */
  MemoryReservation: number;
  /** Memory and swap together, bytes; -1: unlimited swap. */
  MemorySwap: number;
  /** 0 to 100; null: the kernel's. */
  MemorySwappiness: number | null;
  /** 1e9 is one processor. */
  NanoCpus: number;
  OomKillDisable: boolean | null;
  /** 0, -1 or null: unlimited. */
  PidsLimit: number | null;
  Ulimits: Ulimit[];
}

export interface RestartPolicy {
  Name: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** For `on-failure`; 0: without end. */
  MaximumRetryCount: number;
}

export interface LogConfig {
  /** `json-file` and `local` mean the engine's own log; `none` keeps no log. */
  Type: string;
  Config: Record<string, string>;
}

export type MountType = 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster';

export interface Mount {
  Type: MountType;
  Target: string;
  /** A host path for `bind`, a volume name (empty: anonymous) for `volume`. */
  Source: string;
  ReadOnly: boolean;
  Consistency: string;
  BindOptions?: {
    Propagation: '' | 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';
    NonRecursive: boolean;
    CreateMountpoint: boolean;
    ReadOnlyNonRecursive: boolean;
    ReadOnlyForceRecursive: boolean;
  };
  VolumeOptions?: {
    NoCopy: boolean;
    Labels: Record<string, string>;
    DriverConfig?: { Name: string; Options: Record<string, string> };
    Subpath: string;
  };
  ImageOptions?: { Subpath: string };
  TmpfsOptions?: {
    /** 0: unlimited. */
    SizeBytes: number;
    /** Permission bits; 0: the default 01777. */
    Mode: number;
    Options: string[][];
  };
}

export interface HostConfig extends Resources {
  /** `source:target[:options]`; a source without a leading `/` names a volume. */
  Binds: string[];
  ContainerIDFile: string;
  LogConfig: LogConfig;
  /** `default`, `bridge`, `none`, `host`, `container:<id>` or a network's name. */
  NetworkMode: string;
  PortBindings: PortMap;
  RestartPolicy: RestartPolicy;
  AutoRemove: boolean;
  VolumeDriver: string;
  /** `<container>[:ro|rw]`. */
  VolumesFrom: string[];
  Mounts: Mount[];
  /** Rows, columns; zeros: unknown. */
  ConsoleSize: [number, number];
  Annotations: Record<string, string>;
  CapAdd: string[];
  CapDrop: string[];
  CgroupnsMode: 'private' | 'host';
  Dns: string[];
  DnsOptions: string[];
  DnsSearch: string[];
  /** `name:address`. */
  ExtraHosts: string[];
  GroupAdd: string[];
  /** `none`, `private`, `shareable`, `host` or `container:<id>`. */
  IpcMode: string;
  Cgroup: string;
  Links: string[];
  /** -1000 to 1000. */
  OomScoreAdj: number;
  /** `host`, `container:<id>` or empty. */
  PidMode: string;
  Privileged: boolean;
  PublishAllPorts: boolean;
  ReadonlyRootfs: boolean;
  /** `no-new-privileges`, `seccomp=…`, `apparmor=…`, `label=…`, `systempaths=unconfined`. */
  SecurityOpt: string[];
  StorageOpt: Record<string, string>;
  /** Target to mount options. */
  Tmpfs: Record<string, string>;
  /** `host` or empty. */
  UTSMode: string;
  UsernsMode: string;
  /** Bytes. */
  ShmSize: number;
  Sysctls: Record<string, string>;
  Runtime: string;
  Isolation: string;
  /** null: the engine's default list; empty: nothing is masked. */
  MaskedPaths: string[] | null;
  ReadonlyPaths: string[] | null;
  /** null: the engine's default, no init. */
  Init: boolean | null;
}
