/** Images as Docker shows them. */

import type {
  HealthConfig,
  HistoryItem,
  ImageInspect,
  ImageSummary,
  ImageConfig as ShownConfig,
} from '../../spec/docker.ts';
import type { Healthcheck, ImageDefaults } from '../../spec/image-config.ts';
import { type HistoryStep, type ImageRecord, platformOf } from '../../store/index.ts';
import { formatTime } from '../time.ts';

/** `containers`: how many were made from it. */
export function imageSummary(image: ImageRecord, containers: number): ImageSummary {
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Created: Math.trunc(image.createdMs / 1000),
    Size: image.size,
    SharedSize: -1,
    Labels: image.config.config.labels,
    Containers: containers,
    Descriptor: { ...image.manifest, platform: platformOf(image.config) },
  };
}

export function imageInspect(image: ImageRecord): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    Descriptor: image.manifest,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: image.parent ?? '',
    Comment: config.comment,
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: config.dockerVersion,
    Author: config.author,
    Config: shownConfig(config.config),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config.osVersion === undefined ? {} : { OsVersion: config.osVersion }),
    Size: image.size,
    GraphDriver: { Name: 'overlay2', Data: graphData(image) },
    RootFS: { Type: 'layers', Layers: config.diffIds },
    Metadata: { LastTagTime: formatTime(BigInt(image.taggedMs) * 1_000_000n) },
  };
}

export function historyItem(step: HistoryStep): HistoryItem {
  const created = step.created === undefined ? 0 : Date.parse(step.created);
  return {
    Id: step.id ?? '<missing>',
    Created: Number.isFinite(created) ? Math.trunc(created / 1000) : 0,
    CreatedBy: step.createdBy,
    Tags: step.tags.length === 0 ? null : [...step.tags],
    Size: step.size,
    Comment: step.comment,
  };
}

function graphData({ directories }: ImageRecord): Record<string, string> {
  const [upper = '', ...lower] = directories;
  return { UpperDir: upper, ...(lower.length === 0 ? {} : { LowerDir: lower.join(':') }) };
}

function shownConfig(defaults: ImageDefaults): ShownConfig {
  const { healthcheck, stopSignal, shell } = defaults;
  return {
    User: defaults.user,
    ...(defaults.exposedPorts.length === 0 ? {} : { ExposedPorts: keys(defaults.exposedPorts) }),
    Env: defaults.env,
    Cmd: defaults.cmd ?? null,
    ...(healthcheck === undefined ? {} : { Healthcheck: shownHealthcheck(healthcheck) }),
    Volumes: defaults.volumes.length === 0 ? null : keys(defaults.volumes),
    WorkingDir: defaults.workingDir,
    Entrypoint: defaults.entrypoint ?? null,
    OnBuild: defaults.onBuild ?? null,
    Labels: Object.keys(defaults.labels).length === 0 ? null : defaults.labels,
    ...(stopSignal === '' ? {} : { StopSignal: stopSignal }),
    ...(shell === undefined ? {} : { Shell: shell }),
  };
}

function shownHealthcheck(check: Healthcheck): HealthConfig {
  return {
    Test: check.test,
    Interval: check.intervalNs,
    Timeout: check.timeoutNs,
    Retries: check.retries,
    StartPeriod: check.startPeriodNs,
    StartInterval: check.startIntervalNs,
  };
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  const map: Record<string, Record<string, never>> = Object.create(null);
  for (const name of names) map[name] = {};
  return map;
}
