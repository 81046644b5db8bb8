/** The engine itself: Docker Engine API 1.51, `SystemInfo`, `SystemVersion`, `EventMessage`, data usage and prune reports. */

import type { BuildCacheRecord } from './build.ts';
import type { ContainerSummary } from './container.ts';
import type { ImageDeleteItem, ImageSummary } from './image.ts';
import type { Volume, VolumeUsage } from './volume.ts';

export interface RuntimeInfo {
  path: string;
  runtimeArgs?: string[];
}

export interface SystemInfo {
  ID: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  /** Storage driver. */
  Driver: string;
  DriverStatus: [string, string][];
  DockerRootDir: string;
  Plugins: { Volume: string[]; Network: string[]; Authorization: string[]; Log: string[] };
  MemoryLimit: boolean;
  SwapLimit: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  OomKillDisable: boolean;
  IPv4Forwarding: boolean;
  Debug: boolean;
  NFd: number;
  NGoroutines: number;
  /** RFC 3339 with nanoseconds. */
  SystemTime: string;
  LoggingDriver: string;
  CgroupDriver: 'cgroupfs' | 'systemd' | 'none';
  CgroupVersion: '1' | '2';
  NEventsListener: number;
  KernelVersion: string;
  OperatingSystem: string;
  OSVersion: string;
  OSType: string;
  /** As `uname -m`. */
  Architecture: string;
  NCPU: number;
  /** Bytes. */
  MemTotal: number;
  IndexServerAddress: string;
  RegistryConfig: {
    InsecureRegistryCIDRs: string[];
    IndexConfigs: Record<
      string,
      { Name: string; Mirrors: string[]; Secure: boolean; Official: boolean }
    >;
    Mirrors: string[];
  };
  GenericResources: never[];
  HttpProxy: string;
  HttpsProxy: string;
  NoProxy: string;
  Name: string;
  Labels: string[];
  ExperimentalBuild: boolean;
  ServerVersion: string;
  Runtimes: Record<string, RuntimeInfo>;
  DefaultRuntime: string;
  Swarm: {
    NodeID: string;
    NodeAddr: string;
    LocalNodeState: 'inactive';
    ControlAvailable: false;
    Error: string;
    RemoteManagers: null;
  };
  LiveRestoreEnabled: boolean;
  Isolation: string;
  InitBinary: string;
  ContainerdCommit: { ID: string };
  RuncCommit: { ID: string };
  InitCommit: { ID: string };
  /** `name=seccomp,profile=builtin`, `name=cgroupns`, … */
  SecurityOptions: string[];
  FirewallBackend: { Driver: string };
  ProductLicense: string;
  DefaultAddressPools: { Base: string; Size: number }[];
  Warnings: string[];
  CDISpecDirs: string[];
}

export interface SystemVersion {
  Platform: { Name: string };
  Components: { Name: string; Version: string; Details: Record<string, string> }[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  /** The field is Docker's; the value names the runtime of this engine. */
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  Experimental: boolean;
  BuildTime: string;
}

export type EventType = 'container' | 'image' | 'network' | 'volume' | 'builder' | 'daemon';

export interface EngineEvent {
  Type: EventType;
  /** `start`, `die`, `exec_create: ls -l`, … */
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  /** Seconds since 1970. */
  time: number;
  /** Nanoseconds since 1970: more than a double holds. */
  timeNano: bigint;
}

export interface SystemDf {
  /** Bytes. */
  LayersSize: number;
  Images: ImageSummary[];
  /** With sizes. */
  Containers: ContainerSummary[];
  /** Clients read the usage of each without looking whether it is there. */
  Volumes: (Volume & { UsageData: VolumeUsage })[];
  BuildCache: BuildCacheRecord[];
}

/** Each kind of prune fills its own list. */
export interface PruneReport {
  ContainersDeleted?: string[];
  ImagesDeleted?: ImageDeleteItem[];
  VolumesDeleted?: string[];
  NetworksDeleted?: string[];
  /** Bytes. */
  SpaceReclaimed?: number;
}
