/**
 * Under which name the engine keeps a root file system of the folder: `<room>/<name>-<place>:<state>`. The place is a digest of where
 * it lies, the state one of what can be seen of it without reading it, so whatever changes there is another image.
 */

import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { decodeByteText, nativePath } from '../../base/byte-text.ts';

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
const FORMAT = '2';
const PLACE_DIGITS = 12;
const STATE_DIGITS = 32;
const SLUG_LENGTH = 40;

export function imageReference(image: FolderImage, room: string): ImageReference {
  const place = digest(image.path).slice(0, PLACE_DIGITS);
  const state =
    image.kind === 'directory'
      ? treeState(image.path)
      : digest(describe('', lstatSync(image.path)));
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

function digest(...parts: readonly string[]): string {
  const hasher = hashing();
  for (const part of parts) hasher.update(`${part}\0`);
  return hasher.digest('hex');
}

function hashing(): Bun.CryptoHasher {
  return new Bun.CryptoHasher('sha256').update(`${FORMAT}\0`);
}

/** Names and status of everything, nothing of the content: thousands of files take a few milliseconds. */
function treeState(root: string): string {
  const hasher = hashing();
  const status = lstatSync(root);
  hasher.update(describe('', status));
  addBelow(hasher, root, status.dev);
  return hasher.digest('hex');
}

/** What is mounted somewhere below is no part of the image. */
function addBelow(hasher: Bun.CryptoHasher, directory: string, device: number): void {
  let text = '';
  const directories: string[] = [];
  for (const name of namesIn(directory)) {
    const path = `${directory}/${name}`;
    const status = lstatSync(nativePath(path));
    text += describe(name, status);
    if (status.isDirectory() && status.dev === device) directories.push(path);
  }
  hasher.update(`${text}\0`);
  for (const path of directories) addBelow(hasher, path, device);
}

/** Listed as bytes only where a name is not UTF-8, which the system's text tells by U+FFFD: that takes longer. */
function namesIn(directory: string): string[] {
  const path = nativePath(directory);
  const names = readdirSync(path);
  const exact = names.every((name) => !name.includes('\ufffd'));
  if (exact) return names.sort();
  return readdirSync(path, { encoding: 'buffer' }).map(decodeByteText).sort();
}

/**
 * Every change of a file, its rights or its attributes sets its ctime, which no program can set back. As a number of milliseconds it is
 * exact to a quarter of a microsecond, which is finer than the kernel's clock of files.
 */
function describe(name: string, status: Stats): string {
  const { dev, ino, mode, size, ctimeMs } = status;
  return `${name}\0${dev} ${ino} ${mode} ${size} ${ctimeMs}\0`;
}
