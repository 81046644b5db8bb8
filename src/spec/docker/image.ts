/** Images: Docker Engine API 1.51, `ImageSummary`, `ImageInspect`, `ImageDeleteResponseItem`, history and credentials. */

import type { Descriptor } from '../content.ts';
import type { DriverData, HealthConfig } from './container.ts';

export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** Seconds since 1970. */
  Created: number;
  /** Bytes. */
  Size: number;
  /** Bytes; -1: not computed. */
  SharedSize: number;
  Labels: Record<string, string>;
  /** -1: not computed. */
  Containers: number;
  Descriptor?: Descriptor;
}

export interface ImageConfig {
  User: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Env: string[];
  Cmd: string[] | null;
  Healthcheck?: HealthConfig;
  ArgsEscaped?: boolean;
  Volumes: Record<string, Record<string, never>> | null;
  WorkingDir: string;
  Entrypoint: string[] | null;
  OnBuild?: string[] | null;
  Labels: Record<string, string> | null;
  StopSignal?: string;
  Shell?: string[];
}

export interface ImageInspect {
  Id: string;
  Descriptor?: Descriptor;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  /** RFC 3339; absent when the image does not say. */
  Created?: string;
  DockerVersion: string;
  Author: string;
  Config: ImageConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  /** Bytes. */
  Size: number;
  GraphDriver: DriverData;
  RootFS: { Type: string; Layers: string[] };
  Metadata: { LastTagTime: string };
}

export interface HistoryItem {
  /** `<missing>` for a layer that is not an image of its own. */
  Id: string;
  /** Seconds since 1970. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** Exactly one of the two. */
export interface ImageDeleteItem {
  Untagged?: string;
  Deleted?: string;
}

/** Credentials for a registry, from `X-Registry-Auth` or the command line's configuration file. */
export interface RegistryAuth {
  username?: string;
  password?: string;
  serveraddress?: string;
  /** A refresh token (OAuth 2). */
  identitytoken?: string;
  /** A bearer token as it is. */
  registrytoken?: string;
}
