/** The parsers of what registries and archives say are total: an answer, or a `TiffinError` of class `invalid` or `unsupported`, soon. */

import { expect, test } from 'bun:test';
import { TiffinError } from '../../src/base/errors.ts';
import { parseChallenge } from '../../src/registry/challenge.ts';
import { decodeImageDocument, mediaTypes } from '../../src/spec/image.ts';
import { decodeImageConfig } from '../../src/spec/image-config.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../src/spec/reference.ts';
import { answers, generator, mutateJson, mutateText } from './mutate.ts';

const RUNS = 20_000;
const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

const isRefusal = (error: unknown): boolean =>
  error instanceof TiffinError && ['invalid', 'unsupported'].includes(error.class);

const REFERENCES = [
  'alpine',
  'library/alpine:3.20',
  `localhost:5000/a/b__c.d--e:v1@${DIGEST}`,
  '[::1]:5000/app:latest',
  'Host.example/x/y',
  `docker.io/library/a/b@sha512:${HEX}${HEX}`,
  HEX,
];
const REFERENCE_PIECES = ['/', ':', '@', '..', '-', '__', '[', ']', DIGEST, '\n', '\0', ' ', 'A'];
REFERENCE_PIECES.push(
  '\u{130}',
  '\u212A',
  '%2e',
  '\\',
  'docker.io/',
  'library/',
  'localhost/',
  '0',
);

test('parseReference refuses a text or reads one that means the same in every form it is written in', () => {
  const random = generator(11);
  let answered = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const seed = REFERENCES[random(REFERENCES.length)] ?? '';
    const text = mutateText(seed, REFERENCE_PIECES, random);
    const check = () => {
      const found = parseReference(text);
      const written = formatReference(found);
      // Only what may stand in a URL and in a file's name, whatever was given.
      expect(written).toMatch(
        /^[\w[\]:.-]+(\/[a-z0-9._-]+)+(:[\w.-]+)?(@sha(256|512):[0-9a-f]+)?$/,
      );
      expect(written.split('/')).not.toContain('..');
      expect(parseReference(written)).toEqual(found);
      expect(parseReference(familiarReference(found))).toEqual(found);
      expect(withDefaultTag(withDefaultTag(found))).toEqual(withDefaultTag(found));
    };
    if (answers(check, isRefusal, text)) answered += 1;
  }
  expect(answered).toBeGreaterThan(RUNS / 10);
  expect(answered).toBeLessThan(RUNS);
}, 120_000);

const CONTENT = { mediaType: mediaTypes.ociConfig, digest: DIGEST, size: 7 };
const LAYER = { mediaType: mediaTypes.ociLayerGzip, digest: DIGEST, size: 9, urls: ['http://x/'] };
const PLATFORM = { os: 'linux', architecture: 'arm', variant: 'v7', 'os.features': ['x'] };
const DOCUMENTS = [
  {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: CONTENT,
    layers: [LAYER, { ...LAYER, data: 'aGk=', annotations: { a: 'b' } }],
    subject: CONTENT,
  },
  { schemaVersion: 2, config: CONTENT, layers: [] },
  {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...CONTENT, mediaType: mediaTypes.ociManifest, platform: PLATFORM }],
    annotations: { a: 'b' },
  },
  { schemaVersion: 2, manifests: [], layers: [], config: CONTENT },
  { schemaVersion: 1, name: 'x', fsLayers: [{ blobSum: DIGEST }], history: [] },
];
const CONFIG = {
  architecture: 'amd64',
  os: 'linux',
  created: '2020-01-01T00:00:00Z',
  rootfs: { type: 'layers', diff_ids: [DIGEST] },
  history: [{ created: 'x', created_by: 'y', empty_layer: true }, {}],
  config: {
    User: '4294967296:65536',
    Env: ['A=b', 'C'],
    Cmd: ['a'],
    Entrypoint: null,
    WorkingDir: '/a',
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/v': {} },
    Labels: { a: 'b' },
    StopTimeout: 3,
    Healthcheck: { Test: ['CMD', 'x'], Interval: 1e9, Retries: 3 },
    OnBuild: ['RUN x'],
  },
};
const STRANGE: unknown[] = [null, true, -1, 1e308, 2 ** 53, 0.5, '', '\0', 'x\ny', [], {}, [[]]];
STRANGE.push({ constructor: 1 }, 'sha256:../../etc/passwd', `sha256:${HEX.toUpperCase()}`, DIGEST);
STRANGE.push(mediaTypes.ociIndex, mediaTypes.dockerManifest, '\uD800', 'x'.repeat(5000));

/** As bytes, sometimes cut or with a byte changed. */
function encode(value: unknown, random: (below: number) => number): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(value) ?? '');
  if (random(10) === 0) return bytes.subarray(0, random(bytes.length));
  if (random(10) === 0) bytes[random(bytes.length)] = random(256);
  return bytes;
}

test('decodeImageDocument refuses bytes or reads them as one kind only, whatever the header says (CVE-2021-41190)', () => {
  const random = generator(12);
  const announced = [mediaTypes.ociManifest, mediaTypes.ociIndex, 'text/plain', undefined];
  let answered = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const bytes = encode(mutateJson(DOCUMENTS[random(DOCUMENTS.length)], STRANGE, random), random);
    const kinds = new Set<string>();
    for (const type of announced) {
      const read = () => {
        const document = decodeImageDocument(bytes, type);
        kinds.add(document.kind);
        const content = document.kind === 'index' ? document.manifests : document.layers;
        for (const { digest, size } of content) {
          expect(digest).toMatch(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
          expect(size).toBeGreaterThanOrEqual(0);
        }
      };
      if (answers(read, isRefusal, bytes.toString())) answered += 1;
    }
    if (kinds.size > 1) throw new Error(`two kinds: ${bytes.toString()}`);
  }
  expect(answered).toBeGreaterThan(RUNS / 10);
}, 120_000);

test('decodeImageConfig refuses bytes or reads texts without NUL, and no prototype', () => {
  const random = generator(13);
  let answered = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const bytes = encode(mutateJson(CONFIG, STRANGE, random), random);
    const read = () => {
      const { config } = decodeImageConfig(bytes);
      expect(JSON.stringify(config)).not.toContain('\\u0000');
      expect(Object.getPrototypeOf(config.labels)).toBeNull();
    };
    if (answers(read, isRefusal, bytes.toString())) answered += 1;
  }
  expect(answered).toBeGreaterThan(RUNS / 10);
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('a');
}, 120_000);

test('decodeImageDocument and decodeImageConfig refuse what is nested deeper than a stack, and soon', () => {
  const deep = Buffer.from(`${'['.repeat(2_000_000)}`);
  const nested = Buffer.from(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`);
  for (const bytes of [deep, nested]) {
    expect(answers(() => decodeImageDocument(bytes), isRefusal, 'deep')).toBe(false);
    expect(answers(() => decodeImageConfig(bytes), isRefusal, 'deep')).toBe(false);
  }
});

test('parseChallenge answers every header', () => {
  const random = generator(14);
  const seeds = [
    'Bearer realm="https://a.example/token",service="x",scope="repository:a:pull"',
    'Basic realm="a\\"b", Bearer realm=x',
  ];
  const pieces = ['"', ',', '=', '\\', 'Bearer ', 'realm=', ' ', '\n', '\0', '__proto__="x"'];
  for (let run = 0; run < RUNS; run += 1) {
    const text = mutateText(seeds[random(seeds.length)] ?? '', pieces, random);
    expect(
      answers(
        () => parseChallenge(text),
        () => false,
        text,
      ),
    ).toBe(true);
  }
  const long = `Bearer ${'a="\\'.repeat(200_000)}`;
  expect(answers(() => parseChallenge(long), isRefusal, 'long')).toBe(true);
}, 120_000);
