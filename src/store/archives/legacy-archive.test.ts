import { afterAll, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { sha256Digest } from '../../spec/digest.ts';
import { chunks } from '../testing/blob-store-contract.ts';
import { removeTestDirectories } from '../testing/directory.ts';
import { archive, members, rawMember } from '../testing/tar-bytes.ts';
import { json, linux, testStore } from '../testing/test-store.ts';

afterAll(removeTestDirectories);

const [BASE, TOP, OTHER] = ['b', 'a', 'c'].map((digit) => digit.repeat(64));
const layerOf = (name: string) => members([{ path: name, content: name }]);
const file = (path: string, content: Uint8Array | string) => rawMember('0', path, content);

function image(id = '', more: Record<string, unknown> = {}, layer = layerOf(id.slice(0, 1))) {
  const command = { container_config: { Cmd: ['/bin/sh', '-c', `make ${id.slice(0, 1)}`] } };
  const fields = { id, ...linux, created: '2014-06-07T08:09:10Z', ...command, ...more };
  return [
    file(`${id}/VERSION`, '1.0'),
    file(`${id}/json`, json(fields)),
    file(`${id}/layer.tar`, layer),
  ];
}

const repositories = (value: unknown) => file('repositories', json(value));

test('Archives.load reads archives of before Docker 1.10: layers by their parents, names from repositories', async () => {
  const { store } = await testStore();
  const bytes = archive(
    ...image(TOP, { parent: BASE, author: 'ann', config: { Cmd: ['top'], Env: ['A=1'] } }),
    ...image(BASE, {}, gzipSync(layerOf('b'))),
    ...image(OTHER, { parent: BASE }),
    repositories({ app: { 1: TOP, latest: TOP }, base: { 2: BASE } }),
  );
  const loaded = await store.archives.load(chunks(bytes, 999));
  expect(loaded.map(({ name }) => name)).toEqual(['app:1', 'app:latest', 'base:2', undefined]);
  const { config } = store.images.resolve('app:1');
  expect(config).toMatchObject({ ...linux, author: 'ann', created: '2014-06-07T08:09:10Z' });
  expect(config.config).toMatchObject({ cmd: ['top'], env: ['A=1'] });
  expect(config.diffIds).toEqual(['b', 'a'].map((name) => sha256Digest(layerOf(name))));
  expect(config.history.map(({ createdBy }) => createdBy)).toEqual([
    '/bin/sh -c make b',
    '/bin/sh -c make a',
  ]);
  expect(store.images.resolve('base:2').config.diffIds).toEqual(config.diffIds.slice(0, 1));
});

test.each<[string, Uint8Array[], string]>([
  [
    'a circle',
    [
      ...image(TOP, { parent: BASE }),
      ...image(BASE, { parent: TOP }),
      repositories({ a: { b: TOP } }),
    ],
    'too many layers',
  ],
  ['a parent that is not there', image(TOP, { parent: BASE }), 'it has no image bbb'],
  ['a parent that is a path', image(TOP, { parent: '../../x' }), 'it has no image ../../x'],
  ['a name for nothing', [...image(TOP), repositories({ a: { b: BASE } })], 'it has no image bbb'],
  ['no layer', image(TOP).slice(0, 2), 'it has no file'],
  [
    'names that are none',
    [...image(TOP), repositories({ 'A b': { c: TOP } })],
    'invalid reference format',
  ],
  ['a list of names', [...image(TOP), repositories([])], 'repositories must be an object'],
  ['a configuration that is none', [...image(TOP, { config: 'x' })], 'config must be an object'],
  [
    'endless descriptions',
    ['1', '2', '3'].flatMap((digit) =>
      image(digit.repeat(64), { comment: 'x'.repeat(3 * 1024 * 1024) }),
    ),
    'descriptions of layers are too large',
  ],
  ['nothing', [repositories({})], 'neither manifest.json nor index.json'],
])(
  'Archives.load refuses an old archive with %s, and keeps nothing of it',
  async (_, parts, words) => {
    const { store } = await testStore();
    await expect(store.archives.load(chunks(archive(...parts), 999))).rejects.toThrow(words);
    expect([...store.images.list(), ...store.blobs.list(), ...store.layers.list()]).toEqual([]);
  },
);
