/** What every `BlobStore` has to hold to; run it with each implementation. */

import { expect, test } from 'bun:test';
import type { BlobStore, Digest } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';

/** `create` gives an empty store; `leftovers` lists what is in it beside whole blobs. */
export function blobStoreContract(
  name: string,
  create: () => { store: BlobStore; leftovers: () => string[] },
): void {
  const bytes = Buffer.from('content of a blob');
  const digest = sha256Digest(bytes);

  test(`${name}.write keeps content that matches its digest and size`, async () => {
    const { store, leftovers } = create();
    expect(store.has(digest)).toBe(false);
    await store.write({ digest, size: bytes.length }, chunks(bytes, 3));
    expect(store.has(digest)).toBe(true);
    expect(store.size(digest)).toBe(bytes.length);
    expect(await text(store, digest)).toBe('content of a blob');
    expect(leftovers()).toEqual([]);
  });

  test(`${name}.write refuses other content, a longer or a shorter stream, and leaves nothing`, async () => {
    const { store, leftovers } = create();
    const other = Buffer.from('content of a BLOB');
    await expect(store.write({ digest }, chunks(other, 5))).rejects.toThrow('does not match');
    await expect(store.write({ digest, size: 16 }, chunks(bytes, 5))).rejects.toThrow('announced');
    await expect(store.write({ digest, size: 18 }, chunks(bytes, 5))).rejects.toThrow('announced');
    expect(store.has(digest)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test(`${name}.write passes on the failure of its source and leaves nothing`, async () => {
    const { store, leftovers } = create();
    await expect(store.write({ digest }, failing(bytes))).rejects.toThrow('the line went dead');
    expect(store.has(digest)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test(`${name}.write stops an endless source at the announced size`, async () => {
    const { store, leftovers } = create();
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 1;
        yield new Uint8Array(1024);
      }
    }
    await expect(store.write({ digest, size: 4096 }, endless())).rejects.toThrow('announced');
    expect(sent).toBeLessThan(8);
    expect(leftovers()).toEqual([]);
  });

  test(`${name}.write does not read the source of a blob that is there`, async () => {
    const { store } = create();
    await store.write({ digest }, chunks(bytes, 4));
    await store.write({ digest, size: bytes.length }, failing(bytes));
    expect(await text(store, digest)).toBe('content of a blob');
  });

  test(`${name}.write takes several writers of one digest, a bad one among them`, async () => {
    const { store, leftovers } = create();
    const outcomes = await Promise.allSettled([
      store.write({ digest }, chunks(bytes, 1)),
      store.write({ digest }, failing(bytes)),
      store.write({ digest }, chunks(bytes, 2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await text(store, digest)).toBe('content of a blob');
    expect(leftovers()).toEqual([]);
  });

  test(`${name}.add tells digest and size, of empty content too`, async () => {
    const { store } = create();
    expect(await store.add(chunks(bytes, 4))).toEqual({ digest, size: bytes.length });
    const empty = await store.add(chunks(Buffer.alloc(0), 1));
    expect(empty).toEqual({ digest: sha256Digest(''), size: 0 });
    expect(await text(store, empty.digest)).toBe('');
  });

  test(`${name}.readAll refuses a blob over the limit and an absent one`, async () => {
    const { store } = create();
    await store.write({ digest }, chunks(bytes, 4));
    expect(Buffer.from(await store.readAll(digest, bytes.length)).equals(bytes)).toBe(true);
    await expect(store.readAll(digest, bytes.length - 1)).rejects.toThrow('over the limit');
    const absent = sha256Digest('absent');
    await expect(store.readAll(absent, 10)).rejects.toMatchObject({ class: 'not-found' });
    await expect(text(store, absent)).rejects.toMatchObject({ class: 'not-found' });
    expect(() => store.size(absent)).toThrow('no such blob');
  });
}

export async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.slice(0, 4);
  throw new Error('the line went dead');
}

async function text(store: BlobStore, digest: Digest): Promise<string> {
  let found = '';
  for await (const chunk of store.read(digest)) found += Buffer.from(chunk).toString();
  return found;
}
