/** Hooks: what they are given, and what becomes of a container whose hook fails. */

import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config } from './harness.ts';

const POINTS = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

/** A bundle whose hooks can write below `log`, on the host and inside. */
function hooked(change: (config: Config, log: string) => void): { box: Bundle; log: string } {
  const box = new Bundle();
  const log = join(box.directory, 'log');
  mkdirSync(log);
  box.write('sleep 1000', (config) => {
    config.mounts.push({ destination: log, source: log, options: ['bind'] });
    config.hooks = {};
    change(config, log);
  });
  return { box, log };
}

const shell = (script: string, more: object = {}) => ({
  path: '/bin/busybox',
  args: ['sh', '-c', script],
  ...more,
});

test('oci hooks get exactly their environment, and nothing of the caller', () => {
  const { box, log } = hooked((config, place) => {
    for (const point of POINTS) {
      const args = ['cp', '/proc/self/environ', join(place, point)];
      config.hooks[point] = [{ path: '/bin/busybox', args, env: ['A=1', 'B=x y'] }];
    }
    const args = ['cp', '/proc/self/environ', join(place, 'none')];
    config.hooks.poststop.push({ path: '/bin/busybox', args });
  });
  using _ = box;
  const env = { CALLER: 'secret' };
  const id = ['-b', box.bundle, box.id];
  expect(box.ociWith({ env }, 'create', ...id)).toMatchObject({ status: 0, stderr: '' });
  expect(box.ociWith({ env }, 'start', box.id)).toMatchObject({ status: 0, stderr: '' });
  expect(box.ociWith({ env }, 'delete', '-f', box.id)).toMatchObject({ status: 0, stderr: '' });
  for (const point of POINTS) {
    const given = readFileSync(join(log, point), 'utf8').split('\0').filter(Boolean);
    expect([point, ...given]).toEqual([point, 'A=1', 'B=x y']);
  }
  expect(readFileSync(join(log, 'none'), 'utf8')).toBe('');
});

test('oci hooks that take too long are killed and count as failed', () => {
  for (const point of ['createRuntime', 'createContainer', 'startContainer', 'poststart']) {
    const { box, log } = hooked((config, place) => {
      config.hooks[point] = [shell(`echo $$ > ${place}/pid; exec sleep 1000`, { timeout: 1 })];
    });
    using _ = box;
    const result = box.oci('run', '-d', '-b', box.bundle, box.id);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain('hook /bin/busybox');
    const pid = readFileSync(join(log, 'pid'), 'utf8').trim();
    if (point !== 'createContainer' && point !== 'startContainer') {
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    }
  }
});

test('oci create with a failing hook runs the poststop hooks and tells of the first failure', () => {
  for (const point of ['prestart', 'createContainer']) {
    const { box, log } = hooked((config, place) => {
      config.hooks[point] = [shell('echo the first >&2; exit 3'), shell(`touch ${place}/second`)];
      config.hooks.poststop = [shell('exit 4'), shell(`cat > ${place}/poststop`)];
    });
    using _ = box;
    const { status, stderr } = box.create();
    expect(status).not.toBe(0);
    expect(stderr).toContain('exit status 3: the first');
    expect(existsSync(join(log, 'second'))).toBe(false);
    expect(JSON.parse(readFileSync(join(log, 'poststop'), 'utf8'))).toMatchObject({
      id: box.id,
      status: 'stopped',
    });
    expect(box.left()).toEqual([]);
  }
});

test('oci start with a failing startContainer hook never runs the program', () => {
  const { box, log } = hooked((config, place) => {
    config.process.args = ['touch', `${place}/program`];
    config.hooks.startContainer = [shell('exit 5')];
    config.hooks.poststop = [shell(`touch ${place}/poststop`)];
  });
  using _ = box;
  expect(box.create().status).toBe(0);
  const { status, stderr } = box.oci('start', box.id);
  expect(status).not.toBe(0);
  expect(stderr).toContain('exit status 5');
  expect(box.oci('delete', '--force', box.id).status).toBe(0);
  expect(existsSync(join(log, 'program'))).toBe(false);
  expect(existsSync(join(log, 'poststop'))).toBe(true);
});

test('oci start with a failing poststart hook fails, stops the container and runs no further one', () => {
  const { box, log } = hooked((config, place) => {
    config.hooks.poststart = [shell('exit 6'), shell(`touch ${place}/second`)];
  });
  using _ = box;
  expect(box.create().status).toBe(0);
  const { status, stderr } = box.oci('start', box.id);
  expect(status).not.toBe(0);
  expect(stderr).toContain('exit status 6');
  expect(existsSync(join(log, 'second'))).toBe(false);
  expect(box.oci('delete', '--force', box.id).status).toBe(0);
});

test('oci delete with a failing poststop hook warns and runs the others', () => {
  const { box, log } = hooked((config, place) => {
    config.hooks.poststop = [
      shell('exit 7'),
      { path: '/no/such/hook' },
      shell(`touch ${place}/last`),
    ];
  });
  using _ = box;
  expect(box.create().status).toBe(0);
  const { status, stderr } = box.oci('delete', '--force', box.id);
  expect(status).toBe(0);
  expect(stderr).toContain('exit status 7');
  expect(stderr).toContain('/no/such/hook');
  expect(existsSync(join(log, 'last'))).toBe(true);
  expect(box.left()).toEqual([]);
});
