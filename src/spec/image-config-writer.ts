/** The reverse of `decodeImageConfig`, for images that Tiffin makes. */

import type { Digest, Platform } from './content.ts';
import {
  BUILD_STEPS,
  type BuildStep,
  type Healthcheck,
  type HistoryEntry,
  type ImageDefaults,
} from './image-config.ts';

export interface NewImageConfig {
  platform: Platform;
  /** RFC 3339 */
  created: string;
  /** Empty: nobody. */
  author: string;
  config: ImageDefaults;
  /** Bottom first. */
  diffIds: readonly Digest[];
  comment: string;
  history: readonly HistoryEntry[];
  buildSteps?: readonly BuildStep[];
}

/** Defaults of an image that says nothing. */
export function emptyDefaults(): ImageDefaults {
  return {
    env: [],
    cmd: undefined,
    entrypoint: undefined,
    user: '',
    workingDir: '',
    exposedPorts: [],
    volumes: [],
    labels: Object.create(null),
    stopSignal: '',
    stopTimeout: undefined,
    healthcheck: undefined,
    shell: undefined,
    onBuild: undefined,
  };
}

/** JSON without what is empty; the same input gives the same bytes, hence the same image id. */
export function encodeImageConfig(image: NewImageConfig): Uint8Array {
  const { platform, created, author, config, diffIds, comment, history, buildSteps = [] } = image;
  const body = {
    architecture: platform.architecture,
    os: platform.os,
    variant: platform.variant,
    created,
    author: author || undefined,
    comment: comment || undefined,
    config: defaultsJson(config),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: history.map(historyJson),
    [BUILD_STEPS]: buildSteps.length > 0 ? buildSteps.map(buildStepJson) : undefined,
  };
  return Buffer.from(JSON.stringify(body));
}

function defaultsJson(config: ImageDefaults): object {
  return {
    User: config.user || undefined,
    ExposedPorts: asSet(config.exposedPorts),
    Env: config.env.length > 0 ? config.env : undefined,
    Entrypoint: config.entrypoint,
    Cmd: config.cmd,
    Volumes: asSet(config.volumes),
    WorkingDir: config.workingDir || undefined,
    Labels: Object.keys(config.labels).length > 0 ? config.labels : undefined,
    StopSignal: config.stopSignal || undefined,
    StopTimeout: config.stopTimeout,
    Healthcheck: config.healthcheck && healthcheckJson(config.healthcheck),
    Shell: config.shell,
    OnBuild: config.onBuild,
  };
}

function healthcheckJson(check: Healthcheck): object {
  return {
    Test: check.test,
    Interval: check.intervalNs || undefined,
    Timeout: check.timeoutNs || undefined,
    StartPeriod: check.startPeriodNs || undefined,
    StartInterval: check.startIntervalNs || undefined,
    Retries: check.retries || undefined,
  };
}

function buildStepJson({ key, below, emptyLayer, created }: BuildStep): object {
  return { key, below, empty_layer: emptyLayer || undefined, created };
}

function historyJson(entry: HistoryEntry): object {
  return {
    created: entry.created,
    created_by: entry.createdBy || undefined,
    author: entry.author || undefined,
    comment: entry.comment || undefined,
    empty_layer: entry.emptyLayer || undefined,
  };
}

function asSet(keys: readonly string[]): Record<string, object> | undefined {
  if (keys.length === 0) return undefined;
  const set: Record<string, object> = Object.create(null);
  for (const key of keys) set[key] = {};
  return set;
}
