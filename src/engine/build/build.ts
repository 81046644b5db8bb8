/** `build`: context and Dockerfile in, an image out. */

import { posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { excerpt } from '../../build/dockerfile-error.ts';
import type { BuildEvent } from '../../build/events.ts';
import { type IgnoreRules, ignoreRules, parseIgnoreFile } from '../../build/ignore.ts';
import { parseDockerfile } from '../../build/parse.ts';
import { type SolveOptions, type StageResult, solve } from '../../build/solver.ts';
import { failedLines } from '../../build/stage.ts';
import type { StepReport } from '../../build/worker.ts';
import { hostPlatform } from '../../host/host-platform.ts';
import type { BuildRequest } from '../../spec/docker.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { type ImageReference, parseReference, withDefaultTag } from '../../spec/reference.ts';
import type { ImageRecord } from '../../store/index.ts';
import { emitImage } from '../images/image-events.ts';
import type { Parts } from '../parts.ts';
import type { BuildCache } from './cache.ts';
import type { SourceImage } from './cache-sources.ts';
import type { Caches } from './caches.ts';
import { type BuildContext, openContext } from './context.ts';
import { openCacheSources } from './open-cache-sources.ts';
import { Sources } from './sources.ts';
import { Mounts } from './step-mounts.ts';
import { EngineWorker } from './worker.ts';
import { openWorkspace } from './workspace.ts';

export interface BuildOptions {
  /** Resolves when more may follow. */
  onEvent: (event: BuildEvent) => Promise<void>;
  signal: AbortSignal;
}

/** A failed build, with the lines of the Dockerfile that it failed at. */
export class BuildFailure extends Error {
  readonly failure: unknown;
  readonly excerpt: string;

  constructor(failure: unknown, excerptText: string) {
    super('the build failed');
    this.failure = failure;
    this.excerpt = excerptText;
  }
}

/** The build argument by which BuildKit's users ask for an image that is a cache source. */
const INLINE_CACHE = 'BUILDKIT_INLINE_CACHE';

/** The id of the image. Throws `BuildFailure`, or what is wrong with the request before any step. */
export async function buildImage(
  parts: Parts,
  tools: { cache: BuildCache; caches: Caches },
  request: BuildRequest,
  body: AsyncIterable<Uint8Array>,
  options: BuildOptions,
): Promise<string> {
  const names = checkRequest(request);
  using workspace = openWorkspace(parts);
  // Until the image has its name nothing refers to its layers.
  await using _hold = await parts.store.hold();
  await using context = await openContext(request, body, workspace, reportTo(options));
  const text = await context.dockerfile();
  try {
    const dockerfile = parseDockerfile(text);
    const ignore = await ignoreOf(request, context);
    const source = { tree: context.tree, ignores: ignore.ignores };
    await using sources = new Sources(parts, source, workspace);
    const { secrets, agents, auth } = request;
    const mounts = new Mounts(parts, sources, tools.caches, { secrets, agents });
    const { cache } = tools;
    const cacheSources: SourceImage[] = [];
    const worker = new EngineWorker(parts, {
      sources,
      mounts,
      limits: request,
      cache,
      auth,
      cacheSources,
    });
    const how = solveOptions(request, options);
    if (!request.noCache)
      cacheSources.push(...(await openCacheSources(worker, request.cacheFrom, how)));
    const result = await solve(dockerfile, worker, how);
    const steps = request.buildArgs.get(INLINE_CACHE) === '1' ? result.steps : [];
    const image = await record(parts, { ...result, steps }, names);
    return image.id;
  } catch (error) {
    const lines = failedLines(error);
    if (options.signal.aborted) throw cancelled();
    throw new BuildFailure(error, lines === undefined ? '' : excerpt(nameOf(request), text, lines));
  }
}

/** Refuses now what would fail after all steps. */
function checkRequest(request: BuildRequest): ImageReference[] {
  if (request.squash) {
    throw new TiffinError('unsupported', 'no-squash', 'squash is not supported by this engine', {
      hint: 'copy the result into a stage FROM scratch: it has one layer then',
    });
  }
  return request.tags.map((tag) => {
    const name = withDefaultTag(parseReference(tag));
    if (name.digest === undefined) return name;
    throw new TiffinError(
      'invalid',
      'bad-reference',
      `invalid tag ${tag}: refusing to create a tag with a digest reference`,
    );
  });
}

function nameOf(request: BuildRequest): string {
  return request.dockerfileText === undefined
    ? posix.basename(request.dockerfile)
    : request.dockerfile || 'Dockerfile';
}

async function ignoreOf(request: BuildRequest, context: BuildContext): Promise<IgnoreRules> {
  if (request.ignore !== undefined) return ignoreRules(request.ignore);
  const own = await context.text(`${request.dockerfile}.dockerignore`);
  const text = own ?? (await context.text('.dockerignore'));
  return text === undefined ? ignoreRules([]) : parseIgnoreFile(text);
}

function solveOptions(request: BuildRequest, options: BuildOptions): SolveOptions {
  const own = hostPlatform();
  const { network } = request;
  return {
    target: request.target,
    buildArgs: request.buildArgs,
    labels: request.labels,
    platform: request.platform === '' ? own : parsePlatform(request.platform),
    buildPlatform: own,
    network: network === 'none' || network === 'host' ? network : 'default',
    noCache: request.noCache,
    noCacheFilter: request.noCacheFilter,
    pull: request.pull,
    signal: options.signal,
    emit: options.onEvent,
  };
}

async function record(
  parts: Parts,
  result: StageResult,
  names: readonly ImageReference[],
): Promise<ImageRecord> {
  const { layers, config, history, steps, author, platform, created, docker } = result;
  const image = await parts.store.archives.addImage({
    layers,
    config: { platform, created, author, config, comment: '', history, buildSteps: steps },
    format: docker ? 'docker' : 'oci',
    names,
  });
  for (const name of image.tags) emitImage(parts, 'tag', image.id, image, name);
  return image;
}

function reportTo({ onEvent, signal }: BuildOptions): StepReport {
  return {
    output: async () => undefined,
    container: () => undefined,
    status: (text) => void onEvent({ kind: 'warning', text }),
    signal,
  };
}

function cancelled(): TiffinError {
  return new TiffinError('cancelled', 'build-cancelled', 'the build was cancelled');
}
