/** Pulls an image into a blob store: manifest, configuration and layers, all verified; nothing is unpacked here. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { BlobStore, Descriptor, Digest, OnProgress, Platform } from '../spec/content.ts';
import { digestHex } from '../spec/digest.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { familiarReference, type ImageReference, withDefaultTag } from '../spec/reference.ts';
import { openRepository, type RepositoryClient } from './client.ts';
import { downloadBlob } from './download.ts';
import { type Place, placesOf } from './places.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';
import { retried } from './retry.ts';

export interface PullOptions {
  reference: ImageReference;
  platform: Platform;
  auth?: RegistryAuth;
  /** Plain HTTP although the registry is not on loopback. */
  insecure?: boolean;
  blobs: BlobStore;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Blobs that arrived stay when a later one fails, so that the next pull goes on from there; a part of a blob never stays.
 * Throws `not-found`, `unauthorized`, `unavailable`, `invalid` (a lying registry), `cancelled`.
 */
export async function pull(options: PullOptions): Promise<ResolvedImage> {
  const reference = withDefaultTag(options.reference);
  try {
    return await fromPlaces(reference, options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw new TiffinError(
      'cancelled',
      'pull-cancelled',
      `pull of ${familiarReference(reference)} was cancelled`,
    );
  }
}

/** Mirrors first; what they cannot give comes from the registry, whose failure is the one that is told. */
async function fromPlaces(reference: ImageReference, options: PullOptions): Promise<ResolvedImage> {
  const places = placesOf(reference.registry, 'pull');
  for (const place of places.slice(0, -1)) {
    try {
      return await fromPlace(place, reference, options);
    } catch (error) {
      options.signal.throwIfAborted();
      // A mirror that lies is not passed over in silence, one that is down or lacks the image is.
      if (error instanceof TiffinError && error.class === 'invalid') throw error;
    }
  }
  const own = places.at(-1);
  if (own === undefined)
    throw new TiffinError('internal', 'no-place', 'a registry without a place');
  return fromPlace(own, reference, options);
}

async function fromPlace(
  place: Place,
  reference: ImageReference,
  options: PullOptions,
): Promise<ResolvedImage> {
  const { signal } = options;
  // Not tried again: a name that is wrong or a registry that is down should be told at once.
  const client = await openRepository({
    registry: place.registry,
    repository: `${place.prefix}${reference.repository}`,
    auth: place.own ? options.auth : undefined,
    insecure: options.insecure ?? place.insecure,
    tokenServers: place.tokenServers,
    signal,
  });
  const resolved = await retried(signal, () => resolveImage({ ...options, client, reference }));
  await fetchBlobs(client, resolved, options);
  return resolved;
}

async function fetchBlobs(
  client: RepositoryClient,
  resolved: ResolvedImage,
  options: PullOptions,
): Promise<void> {
  const { image } = resolved;
  await fetchBlob(client, image.config, { ...options, onProgress: () => undefined });
  // An image may name a layer twice; fetching it once is enough.
  const layers = [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()];
  for (const layer of layers) {
    if (options.blobs.has(layer.digest)) continue;
    options.onProgress({ id: shortId(layer), status: 'Pulling fs layer' });
  }
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const waiting = [...layers];
  const workers = Array.from(
    { length: Math.min(limits.parallelLayers, layers.length) },
    async () => {
      for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift()) {
        await fetchBlob(client, layer, { ...options, signal });
      }
    },
  );
  const results = await Promise.allSettled(
    workers.map((worker) =>
      worker.catch((error: unknown) => {
        // The others stop too; the first failure is the one that is told.
        if (!failed.signal.aborted) failed.abort(error);
        throw error;
      }),
    ),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  options.signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function fetchBlob(
  client: RepositoryClient,
  blob: Descriptor,
  options: PullOptions,
): Promise<void> {
  const id = shortId(blob);
  if (options.blobs.has(blob.digest)) {
    options.onProgress({ id, status: 'Already exists' });
    return;
  }
  const running = underWay(options.blobs).get(blob.digest);
  if (running !== undefined) {
    options.onProgress({ id, status: 'Waiting' });
    await Promise.race([running.catch(() => undefined), aborted(options.signal)]);
    options.signal.throwIfAborted();
    // It arrived, or the other pull gave up and this one goes on.
    return fetchBlob(client, blob, options);
  }
  const work = arrive(client, blob, options);
  underWay(options.blobs).set(blob.digest, work);
  try {
    await work;
  } finally {
    underWay(options.blobs).delete(blob.digest);
  }
  options.onProgress({ id, status: 'Download complete' });
}

/** Goes on from what an earlier transfer left. That may be damaged, as after a power failure: then the whole is fetched, once. */
async function arrive(
  client: RepositoryClient,
  blob: Descriptor,
  options: PullOptions,
): Promise<void> {
  const beginning = await options.blobs.partial?.(blob.digest);
  if (beginning !== undefined) {
    try {
      const source = downloadBlob(client, blob, { ...options, beginning });
      return await options.blobs.write(blob, source);
    } catch (error) {
      if (!(error instanceof TiffinError) || error.class !== 'invalid') throw error;
    }
  }
  await options.blobs.write(blob, downloadBlob(client, blob, options));
}

/** What is being fetched into a store: two pulls of one layer share it. */
const transfers = new WeakMap<BlobStore, Map<Digest, Promise<void>>>();

function underWay(blobs: BlobStore): Map<Digest, Promise<void>> {
  const known = transfers.get(blobs) ?? new Map<Digest, Promise<void>>();
  transfers.set(blobs, known);
  return known;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The twelve digits that Docker's progress lines show. */
function shortId(blob: Descriptor): string {
  return digestHex(blob.digest).slice(0, 12);
}
