/**
 * An image of the folder as an image of the engine. It is sent once, and again when the folder's has changed: all its containers share
 * what the engine made of it.
 */

import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImageInspect } from '../../spec/docker.ts';
import { ApiError, type Client, jsonLines, withQuery } from '../client/client.ts';
import { localArchive } from '../copy/local-archive.ts';
import { type ProgressMessage, showProgress } from '../render/progress.ts';
import type { Output } from '../streams/output.ts';
import type { ImageSource } from './images.ts';

/** What the image was made of: the same again is not sent again. */
const FINGERPRINT = 'go-container.fingerprint';
const CHUNK = 256 * 1024;

/** The reference by which the engine knows it. */
export async function importImage(
  source: ImageSource,
  client: Client,
  out: Output,
): Promise<string> {
  const reference = referenceOf(source);
  const fingerprint = fingerprintOf(source);
  const known = await inspect(client, reference);
  if (known?.Config.Labels?.[FINGERPRINT] === fingerprint) return reference;
  const [repo, tag] = reference.split(':');
  const changes = `LABEL ${FINGERPRINT}=${fingerprint}`;
  const target = withQuery('/images/create', { fromSrc: '-', repo, tag, changes });
  const { body } = await client.stream('POST', target, { body: contentOf(source) });
  await showProgress(jsonLines<ProgressMessage>(body), { fd: 2, quiet: true, out });
  if (known !== undefined) await forget(client, known.Id);
  return reference;
}

/** Readable, and its own for every path: two folders may hold the same name. */
function referenceOf({ path }: ImageSource): string {
  const [word = ''] = basename(path).toLowerCase().split('.');
  const name = word.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '') || 'image';
  return `go-container/${name.slice(0, 60)}:${digest([path]).slice(0, 12)}`;
}

/** Changes with every change of content, owner or mode that the file system notes. */
function fingerprintOf(source: ImageSource): string {
  return digest(source.kind === 'archive' ? [stamp(source.path)] : tree(source.path));
}

function* tree(path: string): Generator<string> {
  const status = lstatSync(path);
  yield stamp(path);
  if (status.isSymbolicLink()) yield readlinkSync(path);
  if (!status.isDirectory()) return;
  for (const name of readdirSync(path).sort()) {
    yield name;
    yield* tree(join(path, name));
  }
}

/** The access time alone says nothing; the change time moves with whatever else does. */
function stamp(path: string): string {
  const { dev, ino, mode, size, ctimeNs } = lstatSync(path, { bigint: true });
  return `${dev} ${ino} ${mode} ${size} ${ctimeNs}`;
}

function digest(parts: Iterable<string>): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const part of parts) hasher.update(`${part}\0`);
  return hasher.digest('hex');
}

function contentOf({ kind, path }: ImageSource): AsyncIterable<Uint8Array> {
  if (kind === 'archive') return createReadStream(path, { highWaterMark: CHUNK });
  return localArchive(path, '.', (name) => name);
}

async function inspect(client: Client, reference: string): Promise<ImageInspect | undefined> {
  try {
    return await client.json<ImageInspect>('GET', `/images/${reference}/json`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** What the new one replaced, unless a container still has it. */
async function forget(client: Client, id: string): Promise<void> {
  try {
    await client.text('DELETE', `/images/${id}`);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}
