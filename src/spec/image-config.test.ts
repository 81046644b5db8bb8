import { expect, test } from 'bun:test';
import { parseDigest } from './digest.ts';
import { decodeImageConfig, parseImageConfig } from './image-config.ts';
import { emptyDefaults, encodeImageConfig } from './image-config-writer.ts';

const diffId = parseDigest(`sha256:${'c'.repeat(64)}`);
const base = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } };

test('parseImageConfig reads everything that a container takes from its image', () => {
  const image = parseImageConfig({
    ...base,
    created: '2024-05-01T10:00:00.5Z',
    config: {
      User: '1000:1000',
      Env: ['PATH=/bin'],
      Cmd: ['sh'],
      Entrypoint: null,
      WorkingDir: '/w',
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      Labels: { a: 'b' },
      StopSignal: 'SIGINT',
      StopTimeout: 3,
      Shell: ['/bin/bash', '-c'],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000, Retries: 2 },
    },
    history: [
      { created_by: 'ADD x', empty_layer: false },
      { comment: 'env', empty_layer: true },
    ],
  });
  expect(image.config).toMatchObject({
    user: '1000:1000',
    env: ['PATH=/bin'],
    cmd: ['sh'],
    entrypoint: undefined,
    workingDir: '/w',
    exposedPorts: ['80/tcp'],
    volumes: ['/data'],
    stopSignal: 'SIGINT',
    stopTimeout: 3,
    shell: ['/bin/bash', '-c'],
    healthcheck: { test: ['CMD', 'true'], intervalNs: 1e9, retries: 2, timeoutNs: 0 },
  });
  expect(Object.entries(image.config.labels)).toEqual([['a', 'b']]);
  expect(image.history.map((entry) => entry.emptyLayer)).toEqual([false, true]);
  expect(image.diffIds).toEqual([diffId]);
});

test('parseImageConfig fills in a configuration that says nothing', () => {
  const { config, history } = parseImageConfig(base);
  expect({ ...config, labels: { ...config.labels } }).toEqual({ ...emptyDefaults(), labels: {} });
  expect(history).toEqual([]);
});

test('parseImageConfig refuses wrong shapes and NUL characters', () => {
  const refused: unknown[] = [
    null,
    {},
    { ...base, rootfs: { type: 'windows' } },
    { ...base, rootfs: { type: 'layers', diff_ids: ['x'] } },
    { ...base, config: { Env: 'x' } },
    { ...base, config: { Cmd: [1] } },
    { ...base, config: { User: 5 } },
    { ...base, config: { Env: ['A=\0'] } },
    { ...base, config: { User: 'root\0' } },
    { ...base, config: { Labels: { a: 1 } } },
    { ...base, history: [null] },
    { ...base, config: { Healthcheck: { Interval: -5 } } },
  ];
  for (const value of refused) expect(() => parseImageConfig(value)).toThrow();
});

test('encodeImageConfig writes what decodeImageConfig reads back', () => {
  const config = {
    ...emptyDefaults(),
    env: ['A=b'],
    cmd: ['x'],
    entrypoint: ['y'],
    user: 'u',
    workingDir: '/',
    exposedPorts: ['1/udp'],
    volumes: ['/v'],
    labels: { l: 'm' },
    stopSignal: '9',
    shell: ['s'],
    onBuild: ['RUN x'],
  };
  const history = [
    {
      created: '2024-01-01T00:00:00Z',
      createdBy: 'x',
      author: '',
      comment: 'c',
      emptyLayer: false,
    },
  ];
  const bytes = encodeImageConfig({
    platform: { architecture: 'arm', os: 'linux', variant: 'v7' },
    created: '2024-01-01T00:00:00Z',
    author: 'ann',
    config,
    diffIds: [diffId],
    comment: 'c',
    history,
  });
  const image = decodeImageConfig(bytes);
  expect({ ...image.config, labels: { ...image.config.labels } }).toEqual(config);
  expect(image).toMatchObject({
    architecture: 'arm',
    variant: 'v7',
    author: 'ann',
    comment: 'c',
    history,
    diffIds: [diffId],
  });
});
