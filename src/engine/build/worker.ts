/** The solver's door to this engine: images, steps, and the cache of what they gave. */

import { TiffinError } from '../../base/errors.ts';
import type {
  BaseImage,
  BuildLayer,
  BuildWorker,
  CopyRequest,
  Layers,
  RunRequest,
  Source,
  StepIdentity,
  StepReport,
} from '../../build/worker.ts';
import type { OnProgress, Platform } from '../../spec/content.ts';
import type { RegistryAuth } from '../../spec/docker.ts';
import { mediaTypes } from '../../spec/image.ts';
import { formatPlatform } from '../../spec/platform.ts';
import { parseReference } from '../../spec/reference.ts';
import type { ImageRecord } from '../../store/index.ts';
import { pullImage } from '../images/pull.ts';
import type { Parts } from '../parts.ts';
import type { BuildCache } from './cache.ts';
import { recallFrom, type SourceImage } from './cache-sources.ts';
import { copyFiles } from './copy.ts';
import { makeDirectory } from './make-directory.ts';
import { runInLayers } from './run.ts';
import { pathIn, type Sources } from './sources.ts';
import type { StepLimits } from './step-config.ts';
import type { Mounts } from './step-mounts.ts';

export interface WorkerOptions {
  sources: Sources;
  mounts: Mounts;
  limits: StepLimits;
  cache: BuildCache;
  auth: ReadonlyMap<string, RegistryAuth>;
  /** Filled before the first step. */
  cacheSources: readonly SourceImage[];
}

export class EngineWorker implements BuildWorker {
  readonly #parts: Parts;
  readonly #options: WorkerOptions;
  /** Each name is looked up once in a build, so that all stages see the same image. */
  readonly #images = new Map<string, Promise<BaseImage>>();

  constructor(parts: Parts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  image(reference: string, options: Parameters<BuildWorker['image']>[1]): Promise<BaseImage> {
    const key = `${reference} ${formatPlatform(options.platform)} ${options.pull}`;
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(reference, options);
    this.#images.set(key, loading);
    return loading;
  }

  digest(
    source: Source,
    path: string,
    options: { exclude: readonly string[]; parents: boolean; report: StepReport },
  ): Promise<string> {
    return this.#options.sources.digest(source, path, options);
  }

  copy(request: CopyRequest): Promise<BuildLayer | undefined> {
    const items = request.items.map(({ source, path }) => ({ source, path: pathIn(source, path) }));
    return copyFiles(this.#parts, this.#options.sources, { ...request, items });
  }

  makeDirectory(
    onto: Layers,
    path: string,
    epoch: number | undefined,
  ): Promise<BuildLayer | undefined> {
    return makeDirectory(this.#parts, onto, path, epoch);
  }

  run(request: RunRequest): Promise<BuildLayer | undefined> {
    const { limits, mounts } = this.#options;
    return runInLayers(this.#parts, request, { limits, mounts });
  }

  recall(step: StepIdentity): ReturnType<BuildWorker['recall']> {
    const { cache, cacheSources } = this.#options;
    return cache.recall(step.key) ?? recallFrom(cacheSources, step);
  }

  remember(
    key: string,
    layer: BuildLayer | undefined,
    createdMs: number,
    description: string,
  ): void {
    this.#options.cache.remember(key, layer, createdMs, description);
  }

  async #load(
    reference: string,
    { platform, pull, report }: Parameters<BuildWorker['image']>[1],
  ): Promise<BaseImage> {
    const known = pull ? undefined : await this.#local(reference, platform);
    if (known !== undefined) return base(known, reference);
    const auth = this.#options.auth.get(parseReference(reference).registry);
    const onProgress: OnProgress = ({ id, status }) => {
      if (!QUIET.has(status)) report.status(id === '' ? status : `${id}: ${status}`);
    };
    await pullImage(this.#parts, reference, {
      platform: formatPlatform(platform),
      ...(auth === undefined ? {} : { auth }),
      onProgress,
      signal: report.signal,
    });
    const pulled = await this.#parts.images.resolve(reference, formatPlatform(platform));
    return base(pulled, reference);
  }

  /** Unpacked; undefined when it is not here. */
  async #local(reference: string, platform: Platform): Promise<ImageRecord | undefined> {
    try {
      return await this.#parts.images.resolve(reference, formatPlatform(platform));
    } catch (error) {
      if (error instanceof TiffinError && error.class === 'not-found') return undefined;
      throw error;
    }
  }
}

/** Told hundreds of times. */
const QUIET: ReadonlySet<string> = new Set(['Downloading', 'Extracting']);

function base(image: ImageRecord, name: string): BaseImage {
  return {
    config: image.config,
    layers: image.layers,
    name,
    docker: image.manifest.mediaType === mediaTypes.dockerManifest,
  };
}
