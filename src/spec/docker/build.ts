/** What a build is asked for and what it keeps: Docker Engine API 1.51, `ImageBuild`, `BuildCache`, `BuildPrune`. */

import type { Ulimit } from './host-config.ts';
import type { RegistryAuth } from './image.ts';

export interface BuildRequest {
  /** Path of the Dockerfile in the context. */
  dockerfile: string;
  /** Its text, where it is not in the context. */
  dockerfileText: string | undefined;
  /** Patterns of paths to leave out, where the ignore file is not in the context. */
  ignore: string[] | undefined;
  /** Instead of a context in the body: a repository or an address. */
  remote: string;
  tags: string[];
  target: string;
  buildArgs: ReadonlyMap<string, string>;
  labels: ReadonlyMap<string, string>;
  /** `os/arch[/variant]`; empty: this machine's. */
  platform: string;
  noCache: boolean;
  noCacheFilter: string[];
  pull: boolean;
  cacheFrom: string[];
  /** `default`, `none`, `host`, `container:<id>` or a network. */
  network: string;
  extraHosts: string[];
  shmSize: number;
  ulimits: Ulimit[];
  securityOpt: string[];
  memory: number;
  memorySwap: number;
  cpuShares: number;
  cpuPeriod: number;
  cpuQuota: number;
  cpusetCpus: string;
  cpusetMems: string;
  cgroupParent: string;
  squash: boolean;
  secrets: ReadonlyMap<string, Uint8Array>;
  /** Id to the path of an agent's socket. */
  agents: ReadonlyMap<string, string>;
  /** By registry host. */
  auth: ReadonlyMap<string, RegistryAuth>;
}

export interface BuildCacheRecord {
  ID: string;
  Parents: string[] | null;
  Type: 'internal' | 'regular' | 'exec.cachemount' | 'source.local';
  Description: string;
  InUse: boolean;
  Shared: boolean;
  /** Bytes. */
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
}

export interface BuildPruneOptions {
  /** Also what images of today were made of. */
  all: boolean;
  /** Bytes that may stay. */
  keepBytes: number;
  /** ms since 1970: only what was not used since. */
  unusedSince: number | undefined;
  ids: string[];
}

export interface BuildPruneReport {
  CachesDeleted: string[];
  SpaceReclaimed: number;
}
