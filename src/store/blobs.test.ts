import { afterAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Digest } from '../spec/digest.ts';
import { type BlobWriter, FileBlobStore } from './blobs.ts';
import { blobStoreContract, chunks } from './testing/blob-store-contract.ts';
import { filesBelow, removeTestDirectories, testDirectory } from './testing/directory.ts';

afterAll(removeTestDirectories);

blobStoreContract('FileBlobStore', () => {
  const directory = testDirectory();
  return {
    store: new FileBlobStore(directory),
    leftovers: () => filesBelow(directory).filter((path) => !path.startsWith('blobs/')),
  };
});

test('FileBlobStore puts blobs where an OCI image layout has them, for the owner only', async () => {
  const directory = testDirectory();
  const store = new FileBlobStore(directory);
  const { digest } = await store.addBytes(Buffer.from('x'));
  const path = join(directory, 'blobs', 'sha256', digest.slice(7));
  expect(store.path(digest)).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'blobs', 'sha256')).mode & 0o777).toBe(0o700);
  expect(store.list()).toEqual([digest]);
});

test('FileBlobStore keeps no part of a blob whose writer was killed', async () => {
  const directory = testDirectory();
  const script = join(import.meta.dir, 'testing', 'kill-writer.ts');
  const writer = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(writer.stdout, 'data');
  const closed = once(writer, 'close');
  writer.kill('SIGKILL');
  await closed;
  expect(filesBelow(directory).length).toBe(1);
  const store = new FileBlobStore(directory);
  expect(store.list()).toEqual([]);
  expect(filesBelow(directory)).toEqual([]);
});

test('FileBlobStore words a full disk and leaves nothing', async () => {
  const { directory, unmount } = await smallDisk();
  try {
    const store = new FileBlobStore(directory);
    const bytes = new Uint8Array(4 * 1024 * 1024);
    const expected = { digest: sha256Digest(bytes), size: bytes.length };
    const writing = store.write(expected, chunks(bytes, 256 * 1024));
    await expect(writing).rejects.toMatchObject({ class: 'exhausted', code: 'disk-full' });
    expect(filesBelow(directory)).toEqual([]);
  } finally {
    await unmount();
  }
});

async function smallDisk(): Promise<{ directory: string; unmount: () => Promise<void> }> {
  const directory = testDirectory();
  await run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory);
  return { directory, unmount: () => run('umount', directory) };
}

async function run(command: string, ...args: string[]): Promise<void> {
  const [code] = await once(spawn(command, args, { stdio: 'inherit' }), 'close');
  expect(code).toBe(0);
}

test('FileBlobStore keeps the beginning of a blob that was arriving when its engine was killed, and no more', async () => {
  const directory = testDirectory();
  const bytes = new Uint8Array(3 * 1024 * 1024).fill(7);
  const expected = { digest: sha256Digest(bytes), size: bytes.length };
  const killed = new FileBlobStore(directory);
  const small = { digest: sha256Digest('small'), size: 5 };
  const writers: BlobWriter[] = [];
  for (const [what, size] of [
    [expected, 2 * 1024 * 1024],
    [small, 3],
    [undefined, 2 * 1024 * 1024],
  ] as const) {
    const writer = await killed.begin(what);
    writers.push(writer);
    await writer.write(bytes.subarray(0, size));
  }
  // Its writers have not ended: what they have written is all that the next store finds.
  const written = () =>
    filesBelow(directory).filter((path) => statSync(join(directory, path)).size > 0).length;
  while (written() < 2) await new Promise((resolve) => setImmediate(resolve));
  const store = new FileBlobStore(directory);
  expect(filesBelow(directory).length).toBe(1);
  expect(store.list()).toEqual([]);
  let size = 0;
  for await (const piece of (await store.partial(expected.digest)) ?? []) size += piece.length;
  expect(size).toBe(2 * 1024 * 1024);
  expect(await store.partial(small.digest)).toBeUndefined();
  expect(await store.partial(expected.digest)).toBeUndefined();
  for (const writer of writers) await writer.abandon();
});
