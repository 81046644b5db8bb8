/** What a container of docker 1.0 found around itself: the same today, or named as changed in docs/reference/compatibility.md. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readlinkSync } from 'node:fs';
import { must, run, TestEngine, tiffinBinary, until } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

const inside = (...args: string[]) => engine.ok('run', '--rm', ...args);
const script = (text: string) => inside('starter', 'sh', '-c', text);

test('a container has its own mounts, host name, IPC, pids, network and cgroups; its root is changed by pivot_root', async () => {
  const kinds = ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup'];
  const text = await script(
    'for k in mnt uts ipc pid net cgroup user; do readlink /proc/self/ns/$k; done',
  );
  const own = new Map(text.split('\n').map((line) => [line.split(':')[0], line]));
  for (const kind of kinds) expect(own.get(kind)).not.toBe(readlinkSync(`/proc/self/ns/${kind}`));
  // A user namespace was never one of docker 1.0's.
  expect(own.get('user')).toBe(readlinkSync('/proc/self/ns/user'));
  expect(await script('ls /..; cd /../../..; pwd')).toBe(await script('ls /; echo /'));
});

test('nested pid namespaces give a process one number in each', async () => {
  const id = await engine.ok('run', '-d', 'starter', 'sleep', '100');
  const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', id);
  const status = await must(['grep', 'NSpid', `/proc/${pid}/status`]);
  const numbers = status.trim().split('\t').slice(1);
  expect(numbers.at(-2)).toBe(pid);
  expect(numbers.at(-1)).toBe('1');
});

test('the capabilities are the twelve of docker 1.0 with FSETID and AUDIT_WRITE', async () => {
  const mask = Number.parseInt(await script("sed -n 's/^CapEff:\\t//p' /proc/self/status"), 16);
  const names = [
    ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID'],
    ...['SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
  ];
  expect(mask.toString(2).replaceAll('0', '')).toHaveLength(names.length);
  expect(mask).toBe(0xa80425fb);
});

test('the devices are null, zero, full, tty, random and urandom, with the links of a terminal and no fuse', async () => {
  const all = await inside('-t', 'starter', 'ls', '-1', '/dev');
  const names = all.split(/\s+/);
  for (const name of ['null', 'zero', 'full', 'tty', 'random', 'urandom', 'console', 'pts', 'shm'])
    expect(names).toContain(name);
  for (const name of ['fuse', 'sda', 'mem', 'kmsg']) expect(names).not.toContain(name);
  expect(await script('cd /dev; for l in fd stdin stdout stderr ptmx; do readlink $l; done')).toBe(
    '/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx',
  );
});

test('the environment is PATH, HOSTNAME, HOME, and TERM on a terminal', async () => {
  const names = (text: string) =>
    text
      .split(/\r?\n/)
      .map((line) => line.split('=')[0] ?? '')
      .filter((name) => name !== '')
      .toSorted();
  expect(names(await inside('starter', 'env'))).toEqual(['HOME', 'HOSTNAME', 'PATH']);
  expect(names(await inside('-t', 'starter', 'env'))).toEqual(['HOME', 'HOSTNAME', 'PATH', 'TERM']);
  expect(await script('echo $PATH $HOME')).toBe(
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root',
  );
});

test('/etc/hosts, /etc/hostname and /etc/resolv.conf are the engine’s; /.dockerinit is gone', async () => {
  const [name, mounts] = (
    await script('hostname; grep -o " /etc/[a-z.]* " /proc/self/mounts | tr -d "\\n"')
  ).split('\n');
  expect(mounts).toBe(' /etc/resolv.conf  /etc/hostname  /etc/hosts ');
  const hosts = await script('cat /etc/hosts');
  expect(hosts).toStartWith('127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n');
  expect(hosts).toMatch(/^[0-9.]+\t[0-9a-f]{12}$/m);
  expect(name).toMatch(/^[0-9a-f]{12}$/);
  expect(await script('ls -a /')).not.toContain('.dockerinit');
});

test('a published port answers on every address of the host, to the container itself too, and names are adjective_scientist', async () => {
  const id = await engine.ok('run', '-d', '-p', '80', 'starter', 'httpd', '-f', '-h', '/etc');
  const port = (await engine.ok('port', id, '80')).split(':')[1];
  const bridge = await engine.ok('inspect', '-f', '{{.NetworkSettings.Gateway}}', id);
  for (const host of ['127.0.0.1', bridge]) {
    await until(`${host} answers`, async () => {
      const answer = await fetch(`http://${host}:${port}/hostname`).catch(() => undefined);
      return answer?.ok === true;
    });
  }
  const hairpin = ['exec', id, 'wget', '-qO-', `http://${bridge}:${port}/hostname`];
  expect(await engine.ok(...hairpin)).toBe(id.slice(0, 12));
  expect(await engine.ok('inspect', '-f', '{{.Name}}', id)).toMatch(/^\/[a-z]+_[a-z]+$/);
});

test('the program is one static file, and completions and version need no engine', async () => {
  const completion = await must([tiffinBinary, 'completion', 'bash']);
  expect(completion).toContain('_tiffin');
  for (const shell of ['zsh', 'fish']) await must([tiffinBinary, 'completion', shell]);
  expect(await must([tiffinBinary, '-v'])).toMatch(/^Tiffin version [0-9.]+/);
  // The shim inside of it is static: it is what runs in a container's namespaces.
  const dynamic = await run(['sh', '-c', `ldd ${tiffinBinary} | grep -v 'linux-vdso'`]);
  expect(dynamic.stdout).not.toContain('not found');
});
