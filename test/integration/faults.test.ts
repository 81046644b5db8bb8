/** Every operation of a start is made to fail once; whatever fails, the host is as it was and the error names the step. */

import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hostState, leftBehind, TestEngine } from './harness.ts';

interface Step {
  stage: string;
  op: string;
  text: string;
}

/** A full plan: limits, ports, volumes, a user, devices; what runs in it does not matter. */
const flags = [
  '--memory',
  '64m',
  '--cpus',
  '1',
  '--pids-limit',
  '50',
  '--cpuset-cpus',
  '0',
  '--init',
  '--read-only',
  '--tmpfs',
  '/run',
  '-p',
  '127.0.0.1:0:80',
  '-v',
  'jar:/data',
  '--hostname',
  'h',
  '--ulimit',
  'nofile=64:64',
  '-w',
  '/tmp',
  '-u',
  'nobody',
];

test('a start that fails at any operation leaves nothing behind and says which one it was', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--rm', ...flags, 'starter', 'true');
  const steps = await plan(engine);
  await engine.ok('volume', 'rm', 'jar');
  const before = await hostState();
  const starting = steps.flatMap(({ stage }, index) =>
    ['host', 'enter', 'beside', 'inside'].includes(stage) ? [index] : [],
  );
  expect(starting.length).toBeGreaterThan(40);

  const problems: string[] = [];
  for (const index of starting) {
    await engine.stop();
    await engine.serve({ TIFFIN_FAULT: String(index) });
    const result = await engine.tiffin(['run', '--name', 'broken', ...flags, 'starter', 'true']);
    const where = `op ${index} (${steps[index]?.stage}: ${steps[index]?.text})`;
    if (![125, 126, 127].includes(result.status))
      problems.push(`${where}: exit status ${result.status}`);
    if (result.stderr.trim() === '') problems.push(`${where}: no message`);
    await engine.ok('rm', '-f', 'broken');
    await engine.tiffin(['volume', 'rm', 'jar']);
    problems.push(...(await leftBehind(before)).map((line) => `${where}: left ${line}`));
    problems.push(
      ...readdirSync(join(engine.execRoot, 'containers')).map((name) => `${where}: left ${name}`),
    );
  }
  expect(problems).toEqual([]);
}, 600_000);

/** The steps of the same run, in the order in which the shim counts them. */
async function plan(engine: TestEngine): Promise<Step[]> {
  await engine.ok('run', '--name', 'whole', ...flags, 'starter', 'true');
  const answer = await fetch('http://engine/tiffin/containers/whole/explain', {
    unix: engine.socket,
  });
  const { Steps } = (await answer.json()) as { Steps: Step[] };
  await engine.ok('rm', 'whole');
  return Steps;
}
