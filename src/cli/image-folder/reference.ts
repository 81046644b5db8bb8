/**
 * Under which name the engine keeps a root file system of the folder: `<room>/<name>-<place>:<state>`. The place is a digest of where
 * it lies, the state one of what can be seen of it without reading it, so whatever changes there is another image.
 */

import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface FolderImage {
  /** As the user calls it. */
  name: string;
  kind: 'directory' | 'archive';
  /** Absolute. */
  path: string;
}

export interface ImageReference {
  /** Shared by all states of one root file system. */
  repository: string;
  tag: string;
}

/** Changes when the same files would become another image. */
const FORMAT = '1';
const PLACE_DIGITS = 12;
const STATE_DIGITS = 32;
const SLUG_LENGTH = 40;

export function imageReference(image: FolderImage, room: string): ImageReference {
  const place = digest([image.path]).slice(0, PLACE_DIGITS);
  const state = digest(image.kind === 'directory' ? treeState(image.path) : fileState(image.path));
  return {
    repository: `${room}/${slug(image.name)}${place}`,
    tag: state.slice(0, STATE_DIGITS),
  };
}

/** For a person who lists images; the place alone tells them apart. */
function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, SLUG_LENGTH);
  return plain === '' ? '' : `${plain.replace(/-$/, '')}-`;
}

function digest(parts: Iterable<string>): string {
  const hasher = new Bun.CryptoHasher('sha256').update(FORMAT);
  for (const part of parts) hasher.update(`\0${part}`);
  return hasher.digest('hex');
}

function* fileState(path: string): Generator<string> {
  yield describe('', lstatSync(path, { bigint: true }));
}

/** Every change of a file, its rights or its attributes sets its ctime, which no program can set back. */
function* treeState(root: string): Generator<string> {
  const status = lstatSync(root, { bigint: true });
  yield describe('', status);
  yield* below(root, '', status.dev);
}

/** What is mounted somewhere below is no part of the image. */
function* below(directory: string, prefix: string, device: bigint): Generator<string> {
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    const status = lstatSync(path, { bigint: true });
    yield describe(`${prefix}/${name}`, status);
    if (status.isDirectory() && status.dev === device) {
      yield* below(path, `${prefix}/${name}`, device);
    }
  }
}

function describe(path: string, status: BigIntStats): string {
  const { dev, ino, mode, size, ctimeNs, mtimeNs } = status;
  return [path, dev, ino, mode, size, ctimeNs, mtimeNs].join('\0');
}
