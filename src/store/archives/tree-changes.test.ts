import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { pathStatus } from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { packTreeOps } from './packed-tree.ts';
import { readChanges } from './tree-changes.ts';

let scratch: string;
let shim: string;
let lower: string;
let upper: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-changes-'));
  shim = shimPath(scratch);
  lower = join(scratch, 'lower');
  upper = join(scratch, 'upper');
  for (const path of ['lower/d/gone', 'lower/kept', 'upper/d', 'upper/kept', 'upper/new/deep']) {
    mkdirSync(join(scratch, path), { recursive: true });
  }
  for (const path of ['lower/same', 'upper/same', 'lower/other', 'upper/other', 'lower/d/x']) {
    writeFileSync(join(scratch, path), path);
    utimesSync(join(scratch, path), 1000, 1000);
  }
  writeFileSync(join(upper, 'same'), 'lower/same');
  utimesSync(join(upper, 'same'), 1000, 1000);
  writeFileSync(join(upper, 'other'), 'longer than before');
  writeFileSync(join(lower, 'removed'), '');
  execFileSync('mknod', [join(upper, 'removed'), 'c', '0', '0']);
  execFileSync('mknod', [join(upper, 'never-was'), 'c', '0', '0']);
  setXattr(join(upper, 'd'), 'trusted.overlay.opaque', 'y');
  symlinkSync('/etc', join(lower, 'link'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function setXattr(path: string, name: string, value: string): void {
  const code = 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())';
  execFileSync('python3', ['-c', code, path, name, value]);
}

function rooted(path: string): Plan {
  return [{ stage: 'inside', op: { op: 'root', path, bind: 0 }, why: 'the tree' }];
}

test('readChanges tells what an upper directory adds, changes and removes, and nothing that is as it was', async () => {
  const changes = await readChanges(shim, rooted(lower), upper);
  const lines = changes.map(({ kind, path }) => `${kind} ${path}`).sort();
  expect(lines).toEqual([
    'added /new',
    'added /new/deep',
    'changed /other',
    'removed /d/gone',
    'removed /d/x',
    'removed /removed',
  ]);
});

test('pathStatus follows a link at the end only when the path says so, and never out of the root', async () => {
  const plan = encodePlan(rooted(lower));
  expect(await pathStatus(shim, plan, '/link')).toMatchObject({ link: '/etc' });
  expect((await pathStatus(shim, plan, '/same')).size).toBe(10);
  // The root has no /etc of its own.
  await expect(pathStatus(shim, plan, '/link/')).rejects.toMatchObject({ class: 'not-found' });
  await expect(pathStatus(shim, plan, '/link/passwd')).rejects.toMatchObject({
    class: 'not-found',
  });
  expect((await pathStatus(shim, plan, '/../../../')).mode & 0o170000).toBe(0o040000);
});

test('packTreeOps refuses an upper directory whose content lies elsewhere', async () => {
  const moved = join(scratch, 'moved');
  mkdirSync(join(moved, 'here'), { recursive: true });
  setXattr(join(moved, 'here'), 'trusted.overlay.redirect', '/there');
  const read = async () => {
    for await (const _ops of packTreeOps(shim, rooted(moved)));
  };
  await expect(read()).rejects.toThrow('EOPNOTSUPP');
});
