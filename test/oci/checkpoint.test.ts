/** What of checkpoint and restore can be seen on any kernel; the rest is in test/vm. */

import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, run } from './harness.ts';

describe('oci checkpoint and restore', () => {
  test('oci checkpoint works where criu does, else says why, and the container goes on', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    box.run('-d');
    const images = join(box.directory, 'images');
    const result = box.oci('checkpoint', '--leave-running', '--image-path', images, box.id);
    if (run(['criu', 'check']).status === 0) expect(result).toMatchObject({ status: 0 });
    else {
      expect(result.status).toBe(1);
      expect(result.stderr).toContain('criu cannot work here: Error');
    }
    expect(box.state().status).toBe('running');
    expect(existsSync(images)).toBe(true);
  });

  test('oci checkpoint and restore refuse what they cannot do, and change nothing', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    box.create();
    const says = (text: string, ...argv: string[]) => {
      const result = box.oci(...argv);
      expect(result.stderr).toContain(text);
      expect(result.status).toBe(1);
    };
    says('cannot be checkpointed in created state', 'checkpoint', box.id);
    box.oci('start', box.id);
    says('--lazy-pages is not supported', 'checkpoint', '--lazy-pages', box.id);
    says('invalid manage cgroups mode', 'checkpoint', '--manage-cgroups-mode', 'x', box.id);
    says('namespace "pid" is not supported', 'checkpoint', '--empty-ns', 'pid', box.id);
    says('use --page-server ADDRESS:PORT', 'checkpoint', '--page-server', 'here', box.id);
    says('container does not exist', 'checkpoint', 'nobody');
    expect(box.state().status).toBe('running');

    const other = `${box.id}-other`;
    const restore = ['restore', '-b', box.bundle, '--image-path'];
    const images = join(box.directory, 'images');
    says('no checkpoint in', ...restore, images, other);
    says('no checkpoint in', ...restore, images, '-d', other);
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, 'tiffin.json'), '{"streams":[],"devices":[["/a","../etc"]]}');
    says('no checkpoint in', ...restore, images, '-d', other);
    says(
      'a container with a terminal',
      'restore',
      '-d',
      '--console-socket',
      '/s',
      '-b',
      box.bundle,
      other,
    );
    box.write('true', (config) => {
      config.process.terminal = true;
    });
    says('a container with a terminal', ...restore, images, '-d', other);
    expect(box.oci('list', '-q').stdout).toBe(`${box.id}\n`);
  });
});
