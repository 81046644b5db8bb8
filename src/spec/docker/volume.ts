/** Volumes: Docker Engine API 1.51, definitions `Volume` and `VolumeCreateOptions`. */

export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  /** RFC 3339. */
  CreatedAt: string;
  Labels: Record<string, string> | null;
  Scope: 'local' | 'global';
  Options: Record<string, string> | null;
  /** Filled by `system df` only. */
  UsageData?: VolumeUsage;
}

export interface VolumeUsage {
  /** Bytes; -1: not known. */
  Size: number;
  /** Containers that mount it; -1: not known. */
  RefCount: number;
}

export interface VolumeCreateRequest {
  /** Empty: a random name. */
  Name: string;
  /** Empty: `local`. */
  Driver: string;
  DriverOpts: Record<string, string>;
  Labels: Record<string, string>;
}

export interface VolumeListResponse {
  Volumes: Volume[];
  Warnings: string[];
}
