/** Hostile Dockerfiles, stages and contexts: what they reach is their own files, and nothing of the host. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestEngine } from '../integration/harness.ts';
import { serveRepository } from './repository.ts';

const NEEDLE = 'needle-of-the-engine';
let engine: TestEngine;
let scratch: string;
let context: string;

beforeAll(async () => {
  engine = await TestEngine.start({ ENGINE_NEEDLE: NEEDLE });
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-build-attack-'));
});
beforeEach(() => {
  context = mkdtempSync(join(scratch, 'context-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function output(...lines: string[]): Promise<string> {
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
  const result = await engine.tiffin(['build', '--no-cache', '--progress', 'plain', context]);
  expect(result.status, result.stderr).toBe(0);
  return result.stderr;
}

test('a bind mount whose source is a link shows the stage that it is in, never the host', async () => {
  const secret = join(scratch, 'of-the-host');
  writeFileSync(secret, 'x');
  await output(
    'FROM starter AS evil',
    `RUN ln -s / /root-link && ln -s ${scratch} /far && ln -s ../../../../../../../../ /up && mkdir /own-mark`,
    'FROM starter',
    'RUN --mount=type=bind,from=evil,source=/root-link,target=/m test -d /m/own-mark && ls /m',
    'RUN --mount=type=bind,from=evil,source=/up,target=/m test -d /m/own-mark',
    `RUN --mount=type=bind,from=evil,source=/,target=/m test ! -e /m/far/of-the-host && test ! -e ${secret}`,
  );
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM starter AS evil\nRUN ln -s /proc/1/root /p && ln -s ' +
      `${scratch} /far\nFROM starter\nRUN --mount=type=bind,from=evil,source=/far,target=/m true\n`,
  );
  const refused = await engine.tiffin(['build', context]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('"/far": not found');
});

test('mounts onto links of the image stay in its root, and what they needed there is removed from nobody', async () => {
  const victim = join(scratch, 'victim');
  mkdirSync(join(victim, 'dir'), { recursive: true });
  await output(
    'FROM starter',
    `RUN ln -s ${victim} /link && ln -s ../../../../../../.. /up`,
    'RUN --mount=type=cache,target=/link/cache touch /link/cache/f',
    `RUN --mount=type=tmpfs,target=/up${victim}/tmp touch /up${victim}/tmp/f`,
    `RUN --mount=type=cache,target=/stub/dir mv /stub /gone && ln -s ${victim} /stub`,
    `RUN test -d ${victim} && test ! -e ${victim}/dir`,
  );
  expect(existsSync(join(victim, 'dir'))).toBe(true);
  expect(existsSync(join(victim, 'cache'))).toBe(false);
  expect(existsSync(join(victim, 'tmp'))).toBe(false);
});

test('a cache of any id is a directory of the engine, whatever the id looks like', async () => {
  const id = `../../../../../../../..${scratch}/escaped`;
  await output(
    'FROM starter',
    `RUN --mount=type=cache,id=${id},target=/c touch /c/f && ln -s / /c/root`,
    `RUN --mount=type=cache,id=${id},target=/c,from=starter,source=/etc test -f /c/f`,
  );
  expect(existsSync(join(scratch, 'escaped'))).toBe(false);
});

test('a step sees nothing of the engine’s environment, processes and files', async () => {
  const seen = await output(
    'FROM starter',
    'RUN env; cat /proc/*/environ | tr "\\0" "\\n"; ls /proc | grep -c "^[0-9]"',
    `RUN test ! -e ${engine.dataRoot} && test ! -e ${engine.execRoot}`,
    'RUN mount -t tmpfs x /mnt && exit 1 || true; mknod /sda b 8 0 && cat /sda && exit 1 || true',
  );
  expect(seen).not.toContain(NEEDLE);
});

test('a directory of a repository cannot lie outside of it', async () => {
  const repository = join(scratch, 'repository');
  mkdirSync(repository);
  writeFileSync(join(repository, 'Dockerfile'), 'FROM starter\n');
  using server = await serveRepository(repository);
  const build = (fragment: string) =>
    engine.tiffin(['build', '-q', `http://127.0.0.1:${server.port}/.git#${fragment}`]);
  expect((await build('main')).status).toBe(0);
  for (const fragment of ['main:../../..', 'main:.git', '--output=x', `main:${scratch}`]) {
    expect((await build(fragment)).status, fragment).toBe(1);
  }
});
