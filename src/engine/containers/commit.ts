/** `commit`: what a container changed becomes a layer, and that layer on top of the container's image a new image. */

import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, HealthConfig } from '../../spec/docker.ts';
import { mediaTypes } from '../../spec/image.ts';
import type { Healthcheck, ImageDefaults } from '../../spec/image-config.ts';
import {
  familiarReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import { applyChanges, type ImageLayer, type ImageRecord } from '../../store/index.ts';
import type { CommitOptions } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { formatTime, nowNs } from '../time.ts';
import { containerChanges } from './changes.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { mergeImage } from './merge-image.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { placeholders } from './placeholders.ts';
import type { Phase } from './record.ts';
import { changesView } from './views.ts';

/** The id of the new image. Throws `invalid` for a bad change, before anything is written. */
export async function commitContainer(
  parts: Parts,
  reference: string,
  options: CommitOptions,
): Promise<string> {
  const container = parts.containers.get(reference);
  const name = nameOf(options);
  const own = imageDefaults(container.definition.config);
  const given = options.config === undefined ? own : merged(options.config, own);
  const config = applyChanges(given, options.changes);
  await using _hold = await parts.store.hold();
  const base = baseImage(parts, container);
  const layer = await withPause(parts, container, options.pause, () =>
    commitLayer(parts, container),
  );
  const created = formatTime(nowNs());
  const { author, comment } = options;
  const createdBy = (container.definition.config.Cmd ?? []).join(' ');
  const step = { created, createdBy, author, comment, emptyLayer: layer === undefined };
  const { architecture, os, variant } = base.config;
  const image = await parts.store.archives.addImage({
    layers: layer === undefined ? base.layers : [...base.layers, layer],
    config: {
      platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
      created,
      author,
      config,
      comment,
      history: [...base.config.history, step],
    },
    format: base.manifest.mediaType === mediaTypes.dockerManifest ? 'docker' : 'oci',
    names: name === undefined ? [] : [name],
  });
  parts.store.parents.set(image.id, base.id);
  emitContainer(parts, container, 'commit', {
    comment,
    imageID: image.id,
    imageRef: name === undefined ? '' : familiarReference(name),
  });
  return image.id;
}

/** The container's changes as a layer of the store; undefined when there are none. The caller holds the store. */
export async function commitLayer(
  parts: Parts,
  container: Container,
): Promise<ImageLayer | undefined> {
  // A directory that holds nothing but placeholders is there too, so the archive alone does not tell.
  if ((await containerChanges(parts, container.id)).length === 0) return undefined;
  return parts.store.archives.addLayer(changesView(parts, container), {
    leaveOut: placeholders,
  });
}

function nameOf({ repository, tag }: CommitOptions): ImageReference | undefined {
  if (repository === '') return undefined;
  const name = withDefaultTag(parseReference(tag === '' ? repository : `${repository}:${tag}`));
  if (name.digest === undefined) return name;
  const message = 'refusing to create a tag with a digest reference';
  throw new TiffinError('invalid', 'bad-reference', message);
}

function baseImage(parts: Parts, container: Container): ImageRecord {
  const image = parts.store.images.byId(container.definition.imageId);
  if (image !== undefined) return image;
  const message = `No such image: ${container.definition.imageId}`;
  throw new TiffinError('not-found', 'no-such-image', message);
}

async function withPause<T>(
  parts: Parts,
  container: Container,
  pause: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!pause || !isPhase(container, 'running')) return work();
  const isPaused = await pauseContainer(parts, container.id).then(
    () => true,
    (error: unknown) => {
      // It ended meanwhile: nothing is left that could write.
      if (!isPhase(container, 'running')) return false;
      throw error;
    },
  );
  try {
    return await work();
  } finally {
    // Killed or resumed by somebody else meanwhile: then there is nothing to resume.
    if (isPaused && isPhase(container, 'paused')) {
      await unpauseContainer(parts, container.id);
    }
  }
}

/** Asked anew each time: what is awaited in between changes it. */
function isPhase(container: Container, phase: Phase): boolean {
  return container.state.phase === phase;
}

function merged(config: ContainerConfig, own: ImageDefaults): ImageDefaults {
  return imageDefaults(mergeImage(config, own));
}

function imageDefaults(config: ContainerConfig): ImageDefaults {
  return {
    env: config.Env,
    cmd: config.Cmd ?? undefined,
    entrypoint: config.Entrypoint ?? undefined,
    user: config.User,
    workingDir: config.WorkingDir,
    exposedPorts: Object.keys(config.ExposedPorts),
    volumes: Object.keys(config.Volumes),
    labels: config.Labels,
    stopSignal: config.StopSignal ?? '',
    stopTimeout: config.StopTimeout,
    healthcheck: config.Healthcheck && healthcheck(config.Healthcheck),
    shell: config.Shell,
    onBuild: config.OnBuild ?? undefined,
  };
}

function healthcheck(check: HealthConfig): Healthcheck {
  return {
    test: check.Test,
    intervalNs: check.Interval,
    timeoutNs: check.Timeout,
    startPeriodNs: check.StartPeriod,
    startIntervalNs: check.StartInterval,
    retries: check.Retries,
  };
}
