/** Debian's podman, which calls the runtime through conmon. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Machine, starter } from './machine.ts';

let machine: Machine;
const image = 'localhost/starter:latest';

const podman = (...args: string[]) =>
  machine.run(
    [
      'podman',
      ...['--root', `${machine.work}/root`, '--runroot', `${machine.work}/run`],
      ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
      ...['--runtime', machine.runtime, ...args],
    ],
    { env: { CONTAINERS_CONF: `${machine.work}/containers.conf` } },
  );
const run = (...args: string[]) =>
  podman('run', '--network', 'none', '--cgroup-parent', `/${machine.name}`, ...args);

beforeAll(async () => {
  machine = await Machine.start();
  // By default podman raises hard limits, which takes CAP_SYS_RESOURCE.
  machine.file(
    'containers.conf',
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n',
  );
  expect(podman('load', '-i', starter)).toMatchObject({ status: 0 });
});
afterAll(() => machine[Symbol.dispose]());

test('podman run: output, status, environment and user', () => {
  const script = 'echo $A $(id -u); exit 9';
  expect(run('--rm', '-e', 'A=b', '-u', '7', image, 'sh', '-c', script)).toMatchObject({
    status: 9,
    out: 'b 7\n',
  });
});

test('podman run of a missing program ends with 127, of one that cannot be run with 126', () => {
  expect(run('--rm', image, '/no/such').status).toBe(127);
  expect(run('--rm', image, '/etc/passwd').status).toBe(126);
});

test('podman exec, pause, stats, top, kill and rm on a running container', () => {
  expect(run('-d', '--name', 'two', '-m', '64m', image, 'sleep', '1000')).toMatchObject({
    status: 0,
  });
  expect(podman('exec', 'two', 'sh', '-c', 'echo inside; exit 4')).toMatchObject({
    status: 4,
    out: 'inside\n',
  });
  expect(podman('pause', 'two').status).toBe(0);
  expect(podman('inspect', '-f', '{{.State.Status}}', 'two').out).toBe('paused\n');
  expect(podman('unpause', 'two').status).toBe(0);
  expect(podman('stats', '--no-stream', '--format', '{{.MemUsage}}', 'two').out).toContain(
    '67.11MB',
  );
  expect(podman('top', 'two', 'args').out).toContain('sleep 1000');
  expect(podman('kill', 'two').status).toBe(0);
  expect(podman('wait', 'two').out).toBe('137\n');
  expect(podman('rm', 'two').status).toBe(0);
});

test('podman healthcheck run tells healthy from unhealthy', () => {
  expect(
    run(
      '-d',
      '--name',
      'well',
      '--health-cmd',
      'test -e /tmp/well',
      '--health-interval',
      'disable',
      image,
      'sleep',
      '1000',
    ).status,
  ).toBe(0);
  expect(podman('healthcheck', 'run', 'well').status).toBe(1);
  expect(podman('exec', 'well', 'touch', '/tmp/well').status).toBe(0);
  expect(podman('healthcheck', 'run', 'well').status).toBe(0);
  expect(podman('rm', '-f', '-t', '0', 'well').status).toBe(0);
});

test('podman generate kube and systemd describe a container', () => {
  expect(run('-d', '--name', 'told', image, 'sleep', '1000').status).toBe(0);
  expect(podman('generate', 'kube', 'told').out).toContain('kind: Pod');
  expect(podman('generate', 'systemd', 'told').out).toContain('ExecStart=');
  expect(podman('rm', '-f', '-t', '0', 'told').status).toBe(0);
});

test('podman checkpoint without CRIU is refused and the container goes on', () => {
  const criu = machine.run(['sh', '-c', 'command -v criu']).out.trim();
  if (criu !== '') expect(machine.run(['mount', '--bind', '/dev/null', criu]).status).toBe(0);
  expect(run('-d', '--name', 'kept', image, 'sleep', '1000').status).toBe(0);
  const { status, err } = podman('container', 'checkpoint', 'kept');
  expect(status).not.toBe(0);
  expect(err.toLowerCase()).toMatch(/checkpoint|criu/);
  expect(podman('inspect', '-f', '{{.State.Status}}', 'kept').out).toBe('running\n');
  expect(podman('rm', '-f', '-t', '0', 'kept').status).toBe(0);
});

test('podman pod: containers share the network and the hostname of the pod', () => {
  expect(
    podman(
      'pod',
      'create',
      '--name',
      'p',
      '--network',
      'none',
      '--infra-image',
      image,
      '--infra-command',
      'sleep 1000',
      '--cgroup-parent',
      `/${machine.name}`,
      '--hostname',
      'pod-name',
    ),
  ).toMatchObject({ status: 0 });
  const inPod = (...command: string[]) => podman('run', '--rm', '--pod', 'p', image, ...command);
  expect(inPod('hostname')).toMatchObject({ status: 0, out: 'pod-name\n' });
  const net = () => inPod('readlink', '/proc/self/ns/net').out;
  expect(net()).toBe(net());
  expect(podman('pod', 'rm', '-f', '-t', '0', 'p').status).toBe(0);
});

test('podman run by an ordinary user, who is root in the container', () => {
  const [user, home] = ['65534', `${machine.work}/home`];
  for (const name of ['subuid', 'subgid']) {
    const path = machine.file(name, 'nobody:200000:65536\nnogroup:200000:65536\n');
    expect(machine.run(['mount', '--bind', path, `/etc/${name}`]).status).toBe(0);
  }
  expect(machine.run(['install', '-d', '-o', user, '-g', user, home, `${home}/run`]).status).toBe(
    0,
  );
  const rootless = (...args: string[]) =>
    machine.run(
      [
        ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'podman'],
        ...['--root', `${home}/root`, '--runroot', `${home}/run/podman`, '--storage-driver', 'vfs'],
        ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
        ...['--runtime', machine.runtime, ...args],
      ],
      {
        env: {
          HOME: home,
          USER: 'nobody',
          XDG_RUNTIME_DIR: `${home}/run`,
          CONTAINERS_CONF: `${machine.work}/containers.conf`,
        },
      },
    );
  const archive = `${machine.work}/starter.tar`;
  expect(machine.run(['install', '-m', '0644', starter, archive]).status).toBe(0);
  expect(rootless('load', '-i', archive)).toMatchObject({ status: 0 });
  const script = 'id -u; cat /proc/self/uid_map';
  const { status, out, err } = rootless(
    'run',
    '--rm',
    '--network',
    'none',
    image,
    'sh',
    '-c',
    script,
  );
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out.trim().split(/\s+/)).toEqual(['0', '0', user, '1', '1', '200000', '65536']);
});
