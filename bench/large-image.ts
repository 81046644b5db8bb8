/** An OCI image layout made up here: busybox and 20,000 files of 25,000 bytes, in one layer or in several of a size. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const directories = 200;
const filesEach = 100;
const fileBytes = 25_000;
const block = 512;

interface Blob {
  digest: string;
  size: number;
}

/** Half of each file is random and half is text, so that unpacking has bytes to inflate as well as to copy. */
export async function writeLargeImage(layout: string, count = 1): Promise<void> {
  mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
  const layers: Blob[] = [];
  for (let layer = 0; layer < count; layer += 1) {
    layers.push(await writeLayer(layout, layerPieces(layer, count)));
  }
  const config = writeJson(layout, {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const mediaType = 'application/vnd.oci.image.layer.v1.tar';
  const manifest = writeJson(layout, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map((layer) => ({ mediaType, ...layer })),
  });
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...manifest,
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  writeFileSync(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    `${layout}/index.json`,
    JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }),
  );
}

async function writeLayer(layout: string, pieces: Iterable<Uint8Array>): Promise<Blob> {
  const path = `${layout}/layer.tar`;
  const hash = createHash('sha256');
  const writer = Bun.file(path).writer({ highWaterMark: 4 * 1024 * 1024 });
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
    writer.write(piece);
    if (size % (16 * 1024 * 1024) < piece.length) await writer.flush();
  }
  await writer.end();
  const hex = hash.digest('hex');
  renameSync(path, `${layout}/blobs/sha256/${hex}`);
  return { digest: `sha256:${hex}`, size };
}

/** The programs are in the lowest of `count` layers; each has its share of the directories. */
function* layerPieces(layer: number, count: number): Generator<Uint8Array> {
  if (layer === 0) yield* programs();
  yield header('data/', '5', 0o755, 0);
  const words = Buffer.from('a line of text as programs and their documents have it\n');
  for (let directory = layer; directory < directories; directory += count) {
    yield header(`data/${directory}/`, '5', 0o755, 0);
    for (let file = 0; file < filesEach; file += 1) {
      const bytes = Buffer.alloc(fileBytes, words);
      crypto.getRandomValues(bytes.subarray(0, fileBytes / 2));
      yield header(`data/${directory}/${file}`, '0', 0o644, fileBytes);
      yield padded(bytes);
    }
  }
  yield new Uint8Array(2 * block);
}

function* programs(): Generator<Uint8Array> {
  yield header('bin/', '5', 0o755, 0);
  const busybox = readFileSync('/bin/busybox');
  yield header('bin/busybox', '0', 0o755, busybox.length);
  yield padded(busybox);
  yield header('bin/true', '2', 0o777, 0, 'busybox');
}

/** A ustar header (pax(1)); type 0 is a file, 2 a symbolic link, 5 a directory. */
function header(name: string, type: string, mode: number, size: number, link = ''): Uint8Array {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number) =>
    bytes.write(value.toString(8).padStart(digits, '0'), at);
  bytes.write(name, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  bytes.fill(' ', 148, 156);
  bytes.write(type, 156);
  bytes.write(link, 157);
  bytes.write('ustar\0' + '00', 257);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  bytes[154] = 0;
  return bytes;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / block) * block);
  whole.set(bytes);
  return whole;
}

function writeJson(layout: string, value: object): Blob {
  const text = JSON.stringify(value);
  const hex = createHash('sha256').update(text).digest('hex');
  writeFileSync(`${layout}/blobs/sha256/${hex}`, text);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}
