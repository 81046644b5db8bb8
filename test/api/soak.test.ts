/** A short soak; `make soak` runs the long one. */

import { expect, test } from 'bun:test';
import { TestEngine } from '../integration/harness.ts';
import { GROWTH_KIB, soak } from './soak.ts';

test('rounds of create, start, exec, stop and remove from 8 clients leave the engine and the host as they were', async () => {
  await using engine = await TestEngine.start();
  const report = await soak(engine, 240, 8);
  expect(report.wrong).toEqual([]);
  expect(report.left).toEqual([]);
  expect(report.known).toBe(0);
  expect(report.descriptorsAfter).toBeLessThanOrEqual(report.descriptorsBefore + 2);
  expect(report.diskKiBAfter).toBeLessThanOrEqual(report.diskKiBBefore + 64);
  expect(report.memoryAfter).toBeLessThanOrEqual(report.memoryBefore + GROWTH_KIB);
});
