/** The image configuration (image-spec config.md) with Docker's additions: health check, shell, on-build. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Digest } from './content.ts';
import { parseDigest } from './digest.ts';
import { JsonObject, parseJson } from './json-object.ts';

/** Durations in nanoseconds; 0: the engine's default. */
export interface Healthcheck {
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', command]`; empty: inherited. */
  test: string[];
  intervalNs: number;
  timeoutNs: number;
  startPeriodNs: number;
  startIntervalNs: number;
  retries: number;
}

/** What a container of the image gets unless it is created with something else. */
export interface ImageDefaults {
  env: string[];
  cmd: string[] | undefined;
  entrypoint: string[] | undefined;
  user: string;
  workingDir: string;
  /** `80/tcp` */
  exposedPorts: string[];
  /** Container paths. */
  volumes: string[];
  labels: Record<string, string>;
  stopSignal: string;
  /** Seconds. */
  stopTimeout: number | undefined;
  healthcheck: Healthcheck | undefined;
  shell: string[] | undefined;
  onBuild: string[] | undefined;
}

export interface HistoryEntry {
  /** RFC 3339, as written in the image. */
  created: string | undefined;
  createdBy: string;
  author: string;
  comment: string;
  /** The step changed no file, so it has no layer. */
  emptyLayer: boolean;
}

/** A step of the build that made the image, for builds elsewhere that take it as a cache source. Tiffin's own field, `tiffin.build.steps.v1`. */
export interface BuildStep {
  /** Of what the step consists; the same key means the same files. */
  key: string;
  /** How many layers it was done onto. */
  below: number;
  emptyLayer: boolean;
  /** RFC 3339 */
  created: string | undefined;
}

export interface ImageConfig {
  architecture: string;
  os: string;
  variant: string | undefined;
  osVersion: string | undefined;
  /** RFC 3339, as written in the image. */
  created: string | undefined;
  author: string;
  comment: string;
  /** Version of the engine that built it. */
  dockerVersion: string;
  config: ImageDefaults;
  /** Digests of the uncompressed layers, bottom first. */
  diffIds: Digest[];
  history: HistoryEntry[];
  buildSteps: BuildStep[];
}

export const BUILD_STEPS = 'tiffin.build.steps.v1';
const MAX_HISTORY = 4096;
/** sigaction numbers and durations fit easily; larger ones are nonsense that would overflow a timer. */
const MAX_NS = 365 * 24 * 3600 * 1e9;

/** Throws `invalid`. */
export function decodeImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > limits.imageConfigBytes) {
    throw invalid(`image configuration is larger than ${limits.imageConfigBytes} bytes`);
  }
  return parseImageConfig(parseJson(bytes, 'image configuration'));
}

export function parseImageConfig(value: unknown): ImageConfig {
  const body = JsonObject.of(value, 'image');
  const rootfs = body.requiredObject('rootfs');
  if (rootfs.text('type') !== 'layers') throw invalid('image.rootfs.type must be "layers"');
  return {
    architecture: body.text('architecture') ?? '',
    os: body.text('os') || 'linux',
    variant: body.text('variant') || undefined,
    osVersion: body.text('os.version') || undefined,
    created: body.text('created') || undefined,
    author: body.text('author') ?? '',
    comment: body.text('comment') ?? '',
    dockerVersion: body.text('docker_version') ?? '',
    config: defaults(body.object('config')),
    diffIds: rootfs.list('diff_ids', limits.imageLayers, diffId) ?? [],
    history: body.list('history', MAX_HISTORY, historyEntry) ?? [],
    buildSteps: body.list(BUILD_STEPS, MAX_HISTORY, buildStep) ?? [],
  };
}

const EMPTY = JsonObject.of({}, 'image.config');

function defaults(given: JsonObject | undefined): ImageDefaults {
  const fields = given ?? EMPTY;
  const healthcheck = fields.object('Healthcheck');
  return {
    env: texts(fields, 'Env') ?? [],
    cmd: texts(fields, 'Cmd'),
    entrypoint: texts(fields, 'Entrypoint'),
    user: clean(fields.text('User') ?? '', 'image.config.User'),
    workingDir: clean(fields.text('WorkingDir') ?? '', 'image.config.WorkingDir'),
    exposedPorts: fields.keySet('ExposedPorts') ?? [],
    volumes: (fields.keySet('Volumes') ?? []).map((path) => clean(path, 'image.config.Volumes')),
    labels: fields.textMap('Labels') ?? Object.create(null),
    stopSignal: fields.text('StopSignal') ?? '',
    stopTimeout: fields.count('StopTimeout'),
    healthcheck: healthcheck && parseHealthcheck(healthcheck),
    shell: texts(fields, 'Shell'),
    onBuild: texts(fields, 'OnBuild'),
  };
}

function parseHealthcheck(fields: JsonObject): Healthcheck {
  return {
    test: texts(fields, 'Test') ?? [],
    intervalNs: duration(fields, 'Interval'),
    timeoutNs: duration(fields, 'Timeout'),
    startPeriodNs: duration(fields, 'StartPeriod'),
    startIntervalNs: duration(fields, 'StartInterval'),
    retries: Math.min(fields.count('Retries') ?? 0, 1_000_000),
  };
}

function historyEntry(value: unknown, path: string): HistoryEntry {
  const fields = JsonObject.of(value, path);
  return {
    created: fields.text('created') || undefined,
    createdBy: fields.text('created_by') ?? '',
    author: fields.text('author') ?? '',
    comment: fields.text('comment') ?? '',
    emptyLayer: fields.flag('empty_layer'),
  };
}

function buildStep(value: unknown, path: string): BuildStep {
  const fields = JsonObject.of(value, path);
  return {
    key: fields.text('key') ?? '',
    below: fields.count('below') ?? 0,
    emptyLayer: fields.flag('empty_layer'),
    created: fields.text('created') || undefined,
  };
}

function diffId(value: unknown, path: string): Digest {
  if (typeof value !== 'string') throw invalid(`${path} must be a string`);
  return parseDigest(value);
}

function duration(fields: JsonObject, key: string): number {
  return Math.min(fields.count(key) ?? 0, MAX_NS);
}

function texts(fields: JsonObject, key: string): string[] | undefined {
  return fields.texts(key)?.map((text) => clean(text, `${fields.path}.${key}`));
}

/** A NUL would cut the text short where it reaches a system call. */
function clean(text: string, path: string): string {
  if (text.includes('\0')) throw invalid(`${path} must not hold a NUL character`);
  return text;
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-image-config', message);
}
