/** Mounts that another process opens for the container's: shim/lend.c. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../../src/plan/ops.ts';
import { LENT } from '../../src/plan/ops-root.ts';
import type { Stand } from './harness.ts';
import { containerPlan, failure, makeStand, run, step } from './harness.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await makeStand();
});
afterAll(() => stand.close());

test('lend-trees opens each source when a bind asks for it, names a missing one, and a bind that nobody lends for fails', async () => {
  const shared = join(stand.scratch, 'lent');
  mkdirSync(shared, { recursive: true });
  writeFileSync(join(shared, 'file'), 'seen');
  const lend = (sources: string[], recursive = sources.map(() => 0)): Step =>
    step('beside', { op: 'lend-trees', sources, recursive });
  const lent = step('inside', {
    op: 'bind',
    source: shared,
    target: '/mnt',
    recursive: 0,
    set: 0n,
    clear: 0n,
    deepSet: 0n,
    deepClear: 0n,
    create: 3,
    propagation: 0n,
    tree: LENT,
  });
  expect(await run(stand, ['cat', '/mnt/file'], { steps: [lend([shared]), lent] })).toEqual({
    text: 'seen',
    status: 0,
  });
  const failing = async (...steps: Step[]) =>
    await failure(stand, containerPlan(stand, ['true'], { steps }).plan);
  expect(await failing(lend(['/no/such']), lent)).toMatchObject({ errno: 2, detail: '/no/such' });
  expect(await failing(lend([shared], []), lent)).toMatchObject({ errno: 22 });
  expect(await failing(lent)).toMatchObject({ errno: 71 });
  expect(await failing(lend([shared]), lent, lent)).toMatchObject({ errno: 71 });
  expect(await failing(lend([shared, shared]), lent)).toMatchObject({ errno: 32 });
});
