/** Pushes images: blobs first, side by side, then the manifests that name them, then what the name is to mean. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Descriptor, Digest, OnProgress } from '../spec/content.ts';
import { digestHex } from '../spec/digest.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { familiarReference, type ImageReference } from '../spec/reference.ts';
import { openRepository, type RepositoryClient } from './client.ts';
import { placesOf } from './places.ts';
import { retried } from './retry.ts';
import { uploadBlob, uploadFailure } from './upload.ts';

/** A manifest with what it names. */
export interface PushedImage {
  manifest: { mediaType: string; digest: Digest; bytes: Uint8Array };
  config: Descriptor;
  /** Bottom first. */
  layers: Descriptor[];
}

export interface PushOptions {
  /** With a tag. */
  reference: ImageReference;
  images: readonly PushedImage[];
  /** The index over the images that the tag is to name; without one there is one image. */
  index?: PushedImage['manifest'];
  content: (digest: Digest) => Blob;
  /** Repositories of the registry that may hold a blob. */
  mountFrom: (digest: Digest) => readonly string[];
  auth?: RegistryAuth;
  insecure?: boolean;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/** The digest that the tag names now, and the bytes of its manifest. */
export async function push(options: PushOptions): Promise<{ digest: Digest; size: number }> {
  const { reference, signal } = options;
  const blobs = uniqueBlobs(options.images);
  const sources = new Set(blobs.flatMap(({ blob }) => [...options.mountFrom(blob.digest)]));
  try {
    const [place] = placesOf(reference.registry, 'push');
    const client = await openRepository({
      registry: place?.registry ?? reference.registry,
      repository: `${place?.prefix ?? ''}${reference.repository}`,
      auth: place?.own === false ? undefined : options.auth,
      insecure: options.insecure ?? place?.insecure ?? false,
      tokenServers: place?.tokenServers ?? [],
      push: true,
      mountFrom: [...sources],
      signal,
    });
    await sendBlobs(client, blobs, options);
    const tag = reference.tag ?? 'latest';
    for (const { manifest } of options.images) {
      const name = options.index === undefined ? tag : manifest.digest;
      await putManifest(client, name, manifest, signal);
    }
    const top = options.index ?? options.images[0]?.manifest;
    if (top === undefined) throw new TiffinError('internal', 'nothing-to-push', 'no image to push');
    if (options.index !== undefined) await putManifest(client, tag, options.index, signal);
    return { digest: top.digest, size: top.bytes.length };
  } catch (error) {
    if (!signal.aborted) throw error;
    const message = `push of ${familiarReference(reference)} was cancelled`;
    throw new TiffinError('cancelled', 'push-cancelled', message);
  }
}

interface BlobToSend {
  blob: Descriptor;
  /** Told in the progress; a configuration is not. */
  shown: boolean;
}

function uniqueBlobs(images: readonly PushedImage[]): BlobToSend[] {
  const all = new Map<Digest, BlobToSend>();
  for (const { layers, config } of images) {
    for (const blob of layers) all.set(blob.digest, { blob, shown: true });
    if (!all.has(config.digest)) all.set(config.digest, { blob: config, shown: false });
  }
  return [...all.values()];
}

async function sendBlobs(
  client: RepositoryClient,
  blobs: readonly BlobToSend[],
  options: PushOptions,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const waiting = [...blobs];
  for (const { blob, shown } of blobs) {
    if (shown) options.onProgress({ id: shortId(blob), status: 'Preparing' });
  }
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await sendBlob(client, next, { ...options, signal });
    }
  };
  const workers = Array.from({ length: Math.min(limits.parallelUploads, blobs.length) }, worker);
  await Promise.allSettled(
    workers.map((work) =>
      work.catch((error: unknown) => {
        // The others stop too; the first failure is the one that is told.
        if (!failed.signal.aborted) failed.abort(error);
      }),
    ),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
}

async function sendBlob(
  client: RepositoryClient,
  { blob, shown }: BlobToSend,
  options: PushOptions,
): Promise<void> {
  const id = shortId(blob);
  const tell = (status: string, current?: number) => {
    if (!shown) return;
    const count = current === undefined ? {} : { current, total: blob.size };
    options.onProgress({ id, status, ...count });
  };
  const result = await uploadBlob(client, blob, {
    content: options.content(blob.digest),
    mountFrom: options.mountFrom(blob.digest),
    onSent: (bytes) => tell('Pushing', bytes),
    signal: options.signal,
  });
  if (result.how === 'exists') tell('Layer already exists');
  else tell(result.how === 'mounted' ? `Mounted from ${result.from}` : 'Pushed');
}

export async function putManifest(
  client: RepositoryClient,
  name: string,
  manifest: PushedImage['manifest'],
  signal: AbortSignal,
): Promise<void> {
  await retried(signal, async () => {
    const request = {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
    };
    const response = await client.send(`manifests/${name}`, request, signal);
    if (response.status !== 201 && response.status !== 202 && response.status !== 200) {
      throw await uploadFailure(client, response, 'sending the manifest');
    }
    await response.body?.cancel();
  });
}

function shortId(blob: Descriptor): string {
  return digestHex(blob.digest).slice(0, 12);
}
