/** Events outlive the engine that saw them. */

import { expect, test } from 'bun:test';
import { TestEngine } from '../integration/harness.ts';

test('docker events --since reaches back beyond the start of the engine', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--name', 'early', 'starter', 'true');
  await engine.stop();
  await engine.serve();
  await engine.ok('rm', 'early');
  const until = String(Math.ceil(Date.now() / 1000));
  const args = ['events', '--since', '1', '--until', until, '--filter', 'container=early'];
  const { stdout } = await engine.docker([...args, '--format', '{{.Action}}']);
  expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
    'create',
    'attach',
    'start',
    'die',
    'destroy',
  ]);
});
