/** A container that puts a device where a file was, while its files are read. */

import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { tarTree } from '../../src/host/tree-process.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import { must } from '../integration/harness.ts';
import { compile } from './support.ts';

const shim = resolve(import.meta.dir, '../../dist/shim');
const ROUNDS = 150;

/** `racer DIRECTORY FILE DEVICE` exchanges the two and says each time that somebody opens the device. */
const RACER = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words)
{
    char path[4096];
    int directory = open(words[1], O_RDONLY | O_DIRECTORY), watch = inotify_init1(IN_NONBLOCK);
    snprintf(path, sizeof path, "%s/%s", words[1], words[3]);
    if (count != 4 || inotify_add_watch(watch, path, IN_OPEN) < 0)
        return 1;
    puts("racing");
    fflush(stdout);
    for (;;) {
        syscall(SYS_renameat2, directory, words[2], directory, words[3], 2);
        if (read(watch, path, sizeof path) > 0) {
            puts("opened");
            fflush(stdout);
        }
    }
}
`;

test('shim tar opens no device that takes the place of a file while it is read', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-device-'));
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), 'hello');
  await must(['mknod', join(tree, 'device'), 'c', '1', '7']);
  await compile(RACER, join(directory, 'racer'));
  const racer = Bun.spawn([join(directory, 'racer'), tree, 'file', 'device'], { stdout: 'pipe' });
  const said = racer.stdout.getReader();
  const next = async () => new TextDecoder().decode((await said.read()).value);
  try {
    expect(await next()).toStartWith('racing');
    for (let round = 0; round < ROUNDS; round += 1) {
      for await (const piece of tarTree(shim, encodePlan([]), tree, {})) {
        expect(piece.length).toBeGreaterThan(0);
      }
    }
  } finally {
    racer.kill('SIGKILL');
    await racer.exited;
    rmSync(directory, { recursive: true, force: true });
  }
  expect(await next()).toBe('');
}, 60_000);
