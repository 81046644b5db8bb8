/** What passes through the engine does not stay in its memory: each way in and out, with content larger than the bound. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine } from '../integration/harness.ts';

const MiB = 1024 * 1024;
const CONTENT = 400 * MiB;
const BOUND = 256 * MiB;

let engine: TestEngine;
let tree: string;
let tar: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  tree = join(engine.directory, 'tree');
  tar = join(engine.directory, 'tree.tar');
  mkdirSync(tree);
  writeLarge(join(tree, 'large'));
  writeFileSync(join(tree, 'Dockerfile'), 'FROM scratch\nCOPY large /\n');
  await must(['tar', '-C', tree, '-cf', tar, 'large']);
  await engine.ok('create', '--name', 'box', 'starter', 'true');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** The kernel's mark of the highest use starts anew. */
beforeEach(() => writeFileSync(`/proc/${engine.pid}/clear_refs`, '5'));

function writeLarge(path: string): void {
  const file = openSync(path, 'w');
  // Content that no file system stores in less.
  for (let size = 0; size < CONTENT; size += MiB) writeSync(file, randomBytes(MiB));
  closeSync(file);
}

function peak(): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** The API's route for bytes out, read by a client that takes 100 MiB a second and no more. */
async function fetchSlowly(path: string): Promise<number> {
  const argv = ['curl', '-sS', '--fail', '--limit-rate', '100M', '--unix-socket', engine.socket];
  const counted = ['-o', '/dev/null', '-w', '%{size_download}', `http://tiffin${path}`];
  return Number(await must([...argv, ...counted]));
}

test('import keeps nothing of an upload in memory', async () => {
  const asked = `http://tiffin/images/create?fromSrc=-&repo=large`;
  await must([
    'curl',
    '-sS',
    '--fail',
    '--unix-socket',
    engine.socket,
    '-T',
    tar,
    '-X',
    'POST',
    asked,
  ]);
  expect(await engine.ok('images', '-q', 'large')).not.toBe('');
  expect(peak()).toBeLessThan(BOUND);
}, 120_000);

test('save waits for its reader, and load takes the archive as fast as it stores it', async () => {
  expect(await fetchSlowly('/images/large/get')).toBeGreaterThan(CONTENT);
  expect(peak()).toBeLessThan(BOUND);
  const archive = join(engine.directory, 'large.tar');
  await engine.ok('save', '-o', archive, 'large');
  await engine.ok('rmi', 'large');
  expect((await engine.docker(['load', '-q', '-i', archive])).stdout).toContain('large:latest');
  expect(peak()).toBeLessThan(BOUND);
}, 120_000);

test('cp into a container and out of it passes through', async () => {
  await engine.ok('cp', join(tree, 'large'), 'box:/large');
  expect(await fetchSlowly('/containers/box/archive?path=/large')).toBeGreaterThan(CONTENT);
  expect(peak()).toBeLessThan(BOUND);
}, 120_000);

test('build spools its context and what it copies', async () => {
  const env = { DOCKER_BUILDKIT: '0' };
  const built = await engine.docker(['build', '-q', '-t', 'built', tree], { env });
  expect(built).toMatchObject({ status: 0 });
  expect(peak()).toBeLessThan(BOUND);
}, 120_000);
