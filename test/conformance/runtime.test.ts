/** runtime.md: operations, states and the lifecycle. */

import { expect } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, type Config, waitForEnd } from '../oci/harness.ts';
import { requirement } from './runtime.ts';

function writable(config: Config): void {
  config.root.readonly = false;
}

/** A created container that will sleep. */
function created(bundle: Bundle, script = 'sleep 1000'): void {
  expect(bundle.write(script, writable).create()).toMatchObject({ status: 0 });
}

function running(bundle: Bundle, script?: string): number {
  created(bundle, script);
  expect(bundle.oci('start', bundle.id)).toMatchObject({ status: 0 });
  return bundle.state().pid;
}

function stopped(bundle: Bundle): void {
  const pid = running(bundle);
  expect(bundle.oci('kill', bundle.id, 'KILL').status).toBe(0);
  waitForEnd(pid);
}

requirement('state: ociVersion, id, status, pid, bundle and annotations', (bundle) => {
  bundle.write('sleep 1000', (config) => (config.annotations = { 'org.example.a': 'b' }));
  expect(bundle.create().status).toBe(0);
  const state = bundle.state();
  expect(state).toMatchObject({ id: bundle.id, status: 'created', bundle: bundle.bundle });
  expect(state.annotations['org.example.a']).toBe('b');
  expect(state.ociVersion).toMatch(/^1\./);
  expect(existsSync(`/proc/${state.pid}`)).toBe(true);
});

requirement('state: created, running and stopped follow one another', (bundle) => {
  created(bundle);
  expect(bundle.state().status).toBe('created');
  expect(bundle.oci('start', bundle.id).status).toBe(0);
  const { status, pid } = bundle.state();
  expect(status).toBe('running');
  expect(bundle.oci('kill', bundle.id, 'KILL').status).toBe(0);
  waitForEnd(pid);
  expect(bundle.state().status).toBe('stopped');
});

requirement('state: of a container that does not exist must be an error', (bundle) => {
  expect(bundle.oci('state', 'nobody-knows').status).not.toBe(0);
  expect(bundle.oci('state').status).not.toBe(0);
});

requirement('create: the program does not run before start', (bundle) => {
  created(bundle, 'touch /ran; sleep 1000');
  expect(existsSync(join(bundle.rootfs, 'ran'))).toBe(false);
});

requirement(
  'create: an id that is in use must be an error, and the first container is not affected',
  (bundle) => {
    const pid = running(bundle);
    expect(bundle.create().status).not.toBe(0);
    expect(bundle.state()).toMatchObject({ status: 'running', pid });
  },
);

requirement('create: a configuration that cannot be read must be an error', (bundle) => {
  writeFileSync(join(bundle.bundle, 'config.json'), '{');
  expect(bundle.create().status).not.toBe(0);
  expect(bundle.oci('state', bundle.id).status).not.toBe(0);
});

requirement('create: changes of config.json afterwards have no effect', (bundle) => {
  created(bundle, 'touch /first; sleep 1000');
  bundle.write('touch /second; sleep 1000', writable);
  expect(bundle.oci('start', bundle.id).status).toBe(0);
  const end = Date.now() + 20_000;
  while (!existsSync(join(bundle.rootfs, 'first')) && Date.now() < end) Bun.sleepSync(5);
  expect(existsSync(join(bundle.rootfs, 'first'))).toBe(true);
  expect(existsSync(join(bundle.rootfs, 'second'))).toBe(false);
});

requirement('create --pid-file: names the process', (bundle) => {
  const file = join(bundle.directory, 'pid');
  expect(bundle.write('sleep 1000').create('--pid-file', file).status).toBe(0);
  const text = new TextDecoder().decode(Bun.spawnSync(['cat', file]).stdout);
  expect(Number(text)).toBe(bundle.state().pid);
});

requirement('start: of what is not created must be an error without effect', (bundle) => {
  expect(bundle.oci('start', bundle.id).status).not.toBe(0);
  const pid = running(bundle);
  expect(bundle.oci('start', bundle.id).status).not.toBe(0);
  expect(bundle.state()).toMatchObject({ status: 'running', pid });
});

requirement('kill: delivers the signal that was asked for', (bundle) => {
  const mark = join(bundle.rootfs, 'got');
  const ready = join(bundle.rootfs, 'ready');
  const script = "trap 'touch /got; exit' USR1; touch /ready; while :; do sleep 0.02; done";
  const pid = running(bundle, script);
  const end = Date.now() + 20_000;
  while (!existsSync(ready) && Date.now() < end) Bun.sleepSync(5);
  expect(bundle.oci('kill', bundle.id, 'USR1').status).toBe(0);
  waitForEnd(pid);
  expect(existsSync(mark)).toBe(true);
});

requirement('kill: reaches a container that is only created', (bundle) => {
  created(bundle);
  const { pid } = bundle.state();
  expect(bundle.oci('kill', bundle.id, 'KILL').status).toBe(0);
  waitForEnd(pid);
  expect(bundle.state().status).toBe('stopped');
});

requirement(
  'kill: of what neither is created nor runs must be an error without effect',
  (bundle) => {
    expect(bundle.oci('kill', bundle.id, 'KILL').status).not.toBe(0);
    stopped(bundle);
    expect(bundle.oci('kill', bundle.id, 'KILL').status).not.toBe(0);
    expect(bundle.state().status).toBe('stopped');
  },
);

requirement('delete: of what is not stopped must be an error without effect', (bundle) => {
  const pid = running(bundle);
  expect(bundle.oci('delete', bundle.id).status).not.toBe(0);
  expect(bundle.state()).toMatchObject({ status: 'running', pid });
});

requirement(
  'delete: of what was created and never started must be an error without effect',
  (bundle) => {
    created(bundle);
    expect(bundle.oci('delete', bundle.id).status).not.toBe(0);
    expect(bundle.state().status).toBe('created');
  },
  { runc: 'ends it and deletes it', crun: 'ends it and deletes it' },
);

requirement(
  'create, start: process may be missing until start, which must be an error',
  (bundle) => {
    bundle.write('true', (config) => Reflect.deleteProperty(config, 'process'));
    expect(bundle.create().status).toBe(0);
    expect(bundle.oci('start', bundle.id).status).not.toBe(0);
  },
  { runc: 'refuses to create it', crun: 'refuses to create it' },
);

requirement('delete: removes all that create made, and the id is free again', (bundle) => {
  stopped(bundle);
  expect(bundle.oci('delete', bundle.id).status).toBe(0);
  expect(bundle.oci('state', bundle.id).status).not.toBe(0);
  expect(bundle.left().filter((what) => what.includes(bundle.id))).toEqual([]);
  created(bundle);
});

requirement('delete: leaves the bundle alone', (bundle) => {
  stopped(bundle);
  expect(bundle.oci('delete', bundle.id).status).toBe(0);
  expect(existsSync(join(bundle.bundle, 'config.json'))).toBe(true);
  expect(existsSync(join(bundle.rootfs, 'bin/busybox'))).toBe(true);
});
