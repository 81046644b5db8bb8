import { expect, test } from 'bun:test';
import type { StepIdentity } from '../../build/worker.ts';
import { sha256Digest } from '../../spec/digest.ts';
import { type HistoryEntry, parseImageConfig } from '../../spec/image-config.ts';
import { recallFrom, type SourceImage } from './cache-sources.ts';

const created = '2024-05-06T07:08:09Z';

function layer(name: string) {
  const diffId = sha256Digest(name);
  return { diffId, blob: { digest: diffId, size: 1, mediaType: 'layer' } };
}

function entry(createdBy: string, emptyLayer = false): HistoryEntry {
  return { created, createdBy, author: '', comment: '', emptyLayer };
}

/** Layers `a` and `b`, by a base, an ENV and a RUN. */
function source(more: Record<string, unknown> = {}): SourceImage {
  const layers = ['a', 'b'].map(layer);
  const history = [
    { created, created_by: 'base' },
    { created, created_by: 'ENV A=1', empty_layer: true },
    { created, created_by: 'RUN b' },
  ];
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  return { config: parseImageConfig({ rootfs, history, ...more }), layers };
}

const step: StepIdentity = {
  key: 'k',
  layers: [layer('a')],
  history: [entry('base'), entry('ENV A=1', true)],
  createdBy: 'RUN b',
};

test('recallFrom knows a RUN by its words after the same steps on the same layers', () => {
  const known = recallFrom([source()], step);
  expect(known).toEqual({ layer: layer('b'), createdMs: Date.parse(created) });
});

test.each<[string, Partial<StepIdentity>]>([
  ['other words', { createdBy: 'RUN c' }],
  ['files that its words do not tell', { createdBy: undefined }],
  ['another layer below', { layers: [layer('x')] }],
  ['a layer less below', { layers: [] }],
  ['another variable', { history: [entry('base'), entry('ENV A=2', true)] }],
  ['a step less', { history: [entry('base')] }],
  [
    'a step that made a layer there and none here',
    { history: [entry('base', true), entry('ENV A=1', true)] },
  ],
])('recallFrom knows no step with %s', (_, change) => {
  expect(recallFrom([source()], { ...step, ...change })).toBeUndefined();
});

test('recallFrom takes the key that a build wrote down, only for the layers that it was done onto', () => {
  const steps = [
    { key: 'copied', below: 1, created },
    { key: 'nothing', below: 2, empty_layer: true, created },
  ];
  const image = source({ 'tiffin.build.steps.v1': steps });
  const copied = { ...step, key: 'copied', createdBy: undefined };
  expect(recallFrom([image], copied)?.layer).toEqual(layer('b'));
  expect(recallFrom([image], { ...copied, layers: [layer('x')] })).toBeUndefined();
  expect(recallFrom([image], { ...copied, layers: [layer('a'), layer('b')] })).toBeUndefined();
  const both = { ...copied, key: 'nothing', layers: [layer('a'), layer('b')] };
  expect(recallFrom([image], both)).toEqual({ layer: undefined, createdMs: Date.parse(created) });
});

test('recallFrom gives no layer that the image does not have', () => {
  const steps = [{ key: 'k', below: 2, created }];
  const image = source({ 'tiffin.build.steps.v1': steps });
  const beyond = { ...step, layers: [layer('a'), layer('b')], createdBy: undefined };
  expect(recallFrom([image], beyond)).toBeUndefined();
});
