import { expect, test } from 'bun:test';
import {
  decodeImageDocument,
  decodeIndex,
  decodeManifest,
  mediaTypes,
  parseImageDocument,
  requireContainerImage,
} from './image.ts';

const digest = `sha256:${'b'.repeat(64)}`;
const descriptor = { mediaType: mediaTypes.ociConfig, digest, size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 10 };
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor,
  layers: [layer],
};
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    {
      mediaType: mediaTypes.ociManifest,
      digest,
      size: 5,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    },
  ],
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

test('decodeImageDocument reads manifests and indexes of OCI and Docker', () => {
  expect(decodeManifest(bytes(manifest))).toMatchObject({ kind: 'manifest', layers: [layer] });
  expect(decodeIndex(bytes(index)).manifests[0]?.platform?.variant).toBe('v8');
  const docker = { ...manifest, mediaType: mediaTypes.dockerManifest };
  expect(decodeManifest(bytes(docker), mediaTypes.dockerManifest).mediaType).toBe(
    mediaTypes.dockerManifest,
  );
  const { mediaType: _, ...untyped } = manifest;
  expect(decodeManifest(bytes(untyped)).mediaType).toBe(mediaTypes.ociManifest);
  expect(decodeManifest(bytes(untyped), mediaTypes.dockerManifest).mediaType).toBe(
    mediaTypes.dockerManifest,
  );
});

test('decodeImageDocument refuses a body that reads as two kinds (CVE-2021-41190)', () => {
  const refused: [unknown, string | undefined][] = [
    [{ ...manifest, manifests: [] }, undefined],
    [{ ...index, layers: [layer] }, undefined],
    [{ ...index, config: descriptor }, undefined],
    [{ ...manifest, fsLayers: [] }, undefined],
    [manifest, mediaTypes.ociIndex],
    [index, mediaTypes.ociManifest],
    [{ ...index, mediaType: undefined }, mediaTypes.ociManifest],
    [{ ...manifest, mediaType: undefined }, mediaTypes.ociIndex],
    [{ ...index, mediaType: undefined, config: descriptor }, undefined],
  ];
  for (const [value, mediaType] of refused) {
    expect(() => decodeImageDocument(bytes(value), mediaType)).toThrow(/must not have|announced/);
  }
});

test('decodeImageDocument refuses old, unknown and malformed documents', () => {
  expect(() => parseImageDocument({ schemaVersion: 1 })).toThrow('schema version 1');
  expect(() => parseImageDocument({ ...manifest, mediaType: 'text/plain' })).toThrow(
    'unknown manifest type',
  );
  const refused: unknown[] = [
    null,
    [],
    'x',
    {},
    { ...manifest, schemaVersion: '2' },
    { ...manifest, config: undefined },
    { ...manifest, layers: 'x' },
    { ...manifest, layers: [{ ...layer, size: -1 }] },
    { ...manifest, layers: [{ ...layer, size: 1.5 }] },
    { ...manifest, layers: [{ ...layer, digest: '../x' }] },
    { ...manifest, layers: Array.from({ length: 513 }, () => layer) },
    { ...index, manifests: [7] },
    { ...manifest, annotations: { a: 1 } },
  ];
  for (const value of refused) expect(() => parseImageDocument(value)).toThrow();
  expect(() => decodeImageDocument(Buffer.from('{"schemaVersion":2,'))).toThrow('not valid JSON');
  expect(() => decodeImageDocument(Buffer.from([0xff, 0xfe]))).toThrow('not valid JSON');
  expect(() => decodeImageDocument(Buffer.alloc(5 * 1024 * 1024, 32))).toThrow('larger than');
});

test('decodeImageDocument takes hostile annotation names as plain names', () => {
  const text = JSON.stringify(manifest).replace(
    '{',
    '{"annotations":{"__proto__":"x","constructor":"y"},',
  );
  const { annotations } = decodeManifest(Buffer.from(text));
  expect(Object.keys(annotations ?? {})).toEqual(['__proto__', 'constructor']);
  expect(annotations?.toString).toBeUndefined();
});

test('requireContainerImage tells artifacts from images', () => {
  requireContainerImage(decodeManifest(bytes(manifest)));
  const chart = {
    ...manifest,
    config: { ...descriptor, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
  };
  expect(() => requireContainerImage(decodeManifest(bytes(chart)))).toThrow(
    'not a container image',
  );
  const odd = { ...manifest, layers: [{ ...layer, mediaType: 'application/x-tar' }] };
  expect(() => requireContainerImage(decodeManifest(bytes(odd)))).toThrow('not a container image');
});
