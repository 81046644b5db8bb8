/** Containers: Docker Engine API 1.51, definitions `ContainerConfig`, `ContainerSummary`, `ContainerInspectResponse` and their parts. */

import type { Descriptor } from '../content.ts';
import type { HostConfig, MountType, Resources, RestartPolicy } from './host-config.ts';
import type { EndpointSettings, NetworkingConfig, PortMap } from './network.ts';

export type { Descriptor };

/** Durations in nanoseconds; 0: inherit. */
export interface HealthConfig {
  /** Empty: inherit; `['NONE']`; `['CMD', …]`; `['CMD-SHELL', command]`. */
  Test: string[];
  Interval: number;
  Timeout: number;
  Retries: number;
  StartPeriod: number;
  StartInterval: number;
}

export interface ContainerConfig {
  Hostname: string;
  Domainname: string;
  /** `user[:group]`, names or numbers; empty: the image's. */
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  /** Keys `80/tcp`. */
  ExposedPorts: Record<string, Record<string, never>>;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  /** `NAME=value`; a bare `NAME` removes the image's. */
  Env: string[];
  /** null or empty: the image's. */
  Cmd: string[] | null;
  Healthcheck?: HealthConfig;
  ArgsEscaped?: boolean;
  /** As the client wrote it. */
  Image: string;
  /** Keys are targets of anonymous volumes. */
  Volumes: Record<string, Record<string, never>>;
  WorkingDir: string;
  /** null: the image's; `['']`: none. */
  Entrypoint: string[] | null;
  NetworkDisabled?: boolean;
  MacAddress?: string;
  OnBuild: string[] | null;
  Labels: Record<string, string>;
  /** Absent: the image's, else SIGTERM. */
  StopSignal?: string;
  /** Seconds; absent: 10. */
  StopTimeout?: number;
  Shell?: string[];
}

export interface ContainerCreateRequest extends ContainerConfig {
  HostConfig: HostConfig;
  NetworkingConfig: NetworkingConfig;
}

export interface ContainerCreateResponse {
  Id: string;
  Warnings: string[];
}

/** Absent fields stay as they are. */
export type ContainerUpdateRequest = Partial<Resources> & { RestartPolicy?: RestartPolicy };

export interface ContainerUpdateResponse {
  Warnings: string[];
}

export type ContainerStatus =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'removing'
  | 'exited'
  | 'dead';

export interface HealthcheckResult {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export interface Health {
  Status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  FailingStreak: number;
  Log: HealthcheckResult[];
}

export interface ContainerState {
  Status: ContainerStatus;
  /** True also while paused. */
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  /** 0: not running. */
  Pid: number;
  ExitCode: number;
  Error: string;
  /** RFC 3339 with nanoseconds; `0001-01-01T00:00:00Z`: never. */
  StartedAt: string;
  FinishedAt: string;
  Health?: Health;
}

export interface MountPoint {
  Type: MountType;
  /** Of a volume. */
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

export interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: 'tcp' | 'udp' | 'sctp';
}

export interface ContainerListOptions {
  /** False: running ones only, unless a filter on the status says otherwise. */
  all: boolean;
  /** The newest so many; 0: without limit. */
  limit: number;
  size: boolean;
  filters: Filters;
}

/** Filter name to its values; a missing name does not filter. */
export type Filters = ReadonlyMap<string, readonly string[]>;

export interface ContainerSummary {
  Id: string;
  /** With a leading `/`. */
  Names: string[];
  Image: string;
  ImageID: string;
  ImageManifestDescriptor?: Descriptor;
  Command: string;
  /** Seconds since 1970. */
  Created: number;
  Ports: Port[];
  SizeRw?: number;
  SizeRootFs?: number;
  Labels: Record<string, string>;
  State: ContainerStatus;
  /** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
  Status: string;
  HostConfig: { NetworkMode: string; Annotations?: Record<string, string> };
  NetworkSettings: { Networks: Record<string, EndpointSettings> };
  Mounts: MountPoint[];
}

export interface NetworkSettings {
  Bridge: string;
  SandboxID: string;
  SandboxKey: string;
  Ports: PortMap;
  HairpinMode: boolean;
  LinkLocalIPv6Address: string;
  LinkLocalIPv6PrefixLen: number;
  SecondaryIPAddresses: null;
  SecondaryIPv6Addresses: null;
  /** From here to `MacAddress`: of the default bridge, empty or 0 without it. */
  EndpointID: string;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
  Networks: Record<string, EndpointSettings>;
}

export interface DriverData {
  Name: string;
  Data: Record<string, string>;
}

export interface ContainerInspect {
  Id: string;
  Created: string;
  Path: string;
  Args: string[];
  State: ContainerState;
  /** Image id. */
  Image: string;
  ResolvConfPath: string;
  HostnamePath: string;
  HostsPath: string;
  LogPath: string;
  /** With a leading `/`. */
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  ImageManifestDescriptor?: Descriptor;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  ExecIDs: string[] | null;
  HostConfig: HostConfig;
  GraphDriver: DriverData;
  SizeRw?: number;
  SizeRootFs?: number;
  Mounts: MountPoint[];
  Config: ContainerConfig;
  NetworkSettings: NetworkSettings;
}

export interface ContainerTop {
  Titles: string[];
  Processes: string[][];
}

export interface WaitResponse {
  StatusCode: number;
  Error?: { Message: string };
}
