/** Single values of `run`: mounts, limits, devices, networks, environment. Wording as the docker client 28.2 has it. */

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseFlags } from '../flags/parse.ts';
import { isIPv4, isIPv6, isMac } from './address.ts';
import { checkEnv, checkExtraHost, checkLabel, checkSysctl } from './checks.ts';
import { createFlags } from './create-flags.ts';
import { createRequest, parseRestartPolicy } from './create-request.ts';
import { parseDevice, parseThrottleBps } from './devices.ts';
import { collectEnv } from './env-file.ts';
import { parseMount } from './mount.ts';
import { parseUlimit } from './ulimit.ts';

const create = (...argv: string[]) => {
  const { values, args } = parseFlags(createFlags, argv, { interspersed: false });
  return createRequest(values, args);
};

test('parseMount reads bind, volume and tmpfs options', () => {
  expect(parseMount('type=bind,src=/a,dst=/b,ro,bind-propagation=rslave')).toEqual({
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    ReadOnly: true,
    BindOptions: { Propagation: 'rslave' },
  });
  expect(parseMount('src=v,target=/b,volume-nocopy,volume-label=a=b,volume-opt=o=x')).toEqual({
    Type: 'volume',
    Source: 'v',
    Target: '/b',
    VolumeOptions: { NoCopy: true, Labels: { a: 'b' }, DriverConfig: { Options: { o: 'x' } } },
  });
  expect(parseMount('type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770').TmpfsOptions).toEqual({
    SizeBytes: 1048576,
    Mode: 0o1770,
  });
  expect(parseMount('type=bind,src=./x,dst=/b').Source).toBe(resolve('./x'));
});

test.each([
  ['foo', "invalid field 'foo' must be a key=value pair"],
  ['type=bind,src=/x', 'target is required'],
  ['type=bind,dst=/x,ro=maybe', 'invalid value for ro: maybe'],
  ['type=bind,dst=/x,foo=1', "unexpected key 'foo' in 'foo=1'"],
  ['type=bind,dst=/x,tmpfs-size=1m', "cannot mix 'tmpfs-*' options with mount type 'bind'"],
  ['', 'value is empty'],
])('parseMount refuses %p', (text, message) => {
  expect(() => parseMount(text)).toThrow(message);
});

test('parseUlimit reads soft and hard limits', () => {
  expect(parseUlimit('nofile=1024')).toEqual({ Name: 'nofile', Soft: 1024, Hard: 1024 });
  expect(parseUlimit('core=0:-1')).toEqual({ Name: 'core', Soft: 0, Hard: -1 });
});

test.each([
  ['foo=1', 'invalid ulimit type: foo'],
  ['nofile=5:1', 'ulimit soft limit must be less than or equal to hard limit: 5 > 1'],
  ['nofile=-1:5', 'ulimit soft limit must be less than or equal to hard limit: -1 > 5'],
  ['nofile', 'invalid ulimit argument: nofile'],
  ['nofile=a', 'strconv.ParseInt: parsing "a": invalid syntax'],
  ['nofile=1:2:3', 'too many limit value arguments'],
])('parseUlimit refuses %p', (text, message) => {
  expect(() => parseUlimit(text)).toThrow(message);
});

test('parseDevice reads paths and permissions', () => {
  const device = (text: string) => Object.values(parseDevice(text));
  expect(device('/dev/null')).toEqual(['/dev/null', '/dev/null', 'rwm']);
  expect(device('/dev/a:r')).toEqual(['/dev/a', '/dev/a', 'r']);
  expect(device('/dev/a:/dev/b:rw')).toEqual(['/dev/a', '/dev/b', 'rw']);
  for (const text of ['/dev/null:/a:b:zz', '::', '/dev/a:/b:rr', '']) {
    expect(() => parseDevice(text)).toThrow(`bad format for path: ${text}`);
  }
  expect(() => parseDevice('null')).toThrow('null is not an absolute path');
  expect(parseThrottleBps('/dev/sda:1mb')).toEqual({ Path: '/dev/sda', Rate: 1048576 });
  expect(() => parseThrottleBps('/dev/sda:x')).toThrow('invalid rate for device: /dev/sda:x');
});

test('isIPv4, isIPv6 and isMac tell addresses from other texts', () => {
  expect(['1.2.3.4', '255.255.255.255'].every(isIPv4)).toBe(true);
  expect(['1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', ''].some(isIPv4)).toBe(false);
  expect(['::', '::1', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4'].every(isIPv6)).toBe(
    true,
  );
  expect(['', ':', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::', '::1%'].some(isIPv6)).toBe(false);
  expect(isMac('92:d0:c6:0a:29:33')).toBe(true);
  expect(isMac('92:d0:c6:0a:29')).toBe(false);
});

test('checkEnv, checkLabel, checkSysctl and checkExtraHost refuse what docker refuses', () => {
  expect(() => checkEnv('=')).toThrow('invalid environment variable: =');
  expect(() => checkLabel('=x')).toThrow("invalid label '=x': empty name");
  expect(() => checkSysctl('foo')).toThrow("sysctl 'foo' is not allowed");
  expect(checkSysctl('net.ipv4.ip_forward=1')).toBe('net.ipv4.ip_forward=1');
  expect(() => checkExtraHost('foo')).toThrow('bad format for add-host: "foo"');
  expect(checkExtraHost('a=1.2.3.4')).toBe('a:1.2.3.4');
  expect(checkExtraHost('a:[::1]')).toBe('a:::1');
});

test('parseRestartPolicy reads counts and refuses other texts', () => {
  expect(parseRestartPolicy('on-failure:3')).toEqual({ Name: 'on-failure', MaximumRetryCount: 3 });
  expect(() => parseRestartPolicy('on-failure:x')).toThrow(
    'maximum retry count must be an integer',
  );
  expect(() => parseRestartPolicy('a:1:2')).toThrow('invalid restart policy format');
});

test('collectEnv reads files first and takes bare names from the environment', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-env-'));
  try {
    const file = join(directory, 'env');
    writeFileSync(file, '\uFEFF# comment\n\nA=1\r\n  B=2 \nC\nD\n');
    expect(collectEnv([file], ['A=3', 'E'], { C: 'c', E: 'e' })).toEqual([
      'A=1',
      'B=2 ',
      'C=c',
      'A=3',
      'E=e',
    ]);
    writeFileSync(file, 'a b=1\n');
    expect(() => collectEnv([file], [])).toThrow("variable 'a b' contains whitespaces");
    writeFileSync(file, '=x\n');
    expect(() => collectEnv([file], [])).toThrow("no variable name on line '=x'");
    expect(() => collectEnv(['/nope'], [])).toThrow('open /nope: no such file or directory');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('createRequest puts every plain flag into its field', () => {
  const request = create(
    ...['-m', '64m', '--cpus', '1.5', '-w', '/w', '-u', '1:2', '--cap-add', 'NET_ADMIN', '--rm'],
    ...[
      '-h',
      'host',
      '--sysctl',
      'net.a=1',
      '--init',
      '-e',
      'A=b',
      '-l',
      'x=y',
      'img',
      'cmd',
      '-x',
    ],
  );
  expect(request).toMatchObject({
    Image: 'img',
    Cmd: ['cmd', '-x'],
    Hostname: 'host',
    User: '1:2',
    WorkingDir: '/w',
    AttachStdin: false,
    AttachStdout: true,
    Env: ['A=b'],
    Labels: { x: 'y' },
  });
  expect(request.HostConfig).toMatchObject({
    Memory: 64 * 2 ** 20,
    NanoCpus: 1.5e9,
    CapAdd: ['NET_ADMIN'],
    AutoRemove: true,
    Init: true,
    Sysctls: { 'net.a': '1' },
    NetworkMode: 'default',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  });
});

test('createRequest tells binds, anonymous volumes and tmpfs apart', () => {
  const request = create(
    '-v',
    '/a:/b:ro',
    '-v',
    '/data',
    '-v',
    './rel:/c',
    '--tmpfs',
    '/t:size=1m',
    'img',
  );
  expect(request.HostConfig.Binds).toEqual(['/a:/b:ro', `${resolve('rel')}:/c`]);
  expect(request.Volumes).toEqual({ '/data': {} });
  expect(request.HostConfig.Tmpfs).toEqual({ '/t': 'size=1m' });
});

test('createRequest gives user-defined networks their endpoint settings', () => {
  const request = create('--network', 'name=net1,alias=a,ip=10.0.0.2', '--network', 'net2', 'img');
  expect(request.HostConfig.NetworkMode).toBe('net1');
  expect({ ...request.NetworkingConfig.EndpointsConfig }).toEqual({
    net1: { Aliases: ['a'], IPAMConfig: { IPv4Address: '10.0.0.2' } },
    net2: {},
  });
});

test('createRequest reads health, entrypoint and standard input', () => {
  const request = create(
    '-i',
    '--entrypoint',
    '',
    '--health-cmd',
    'x',
    '--health-interval',
    '5s',
    'img',
  );
  expect(request.Entrypoint).toEqual(['']);
  expect(request.StdinOnce).toBe(true);
  expect(request.Healthcheck).toMatchObject({ Test: ['CMD-SHELL', 'x'], Interval: 5e9 });
  expect(create('--no-healthcheck', 'img').Healthcheck).toEqual({ Test: ['NONE'] });
});

test.each([
  [['--rm', '--restart', 'always'], 'conflicting options: cannot specify both --restart and --rm'],
  [['--health-cmd', 'x', '--no-healthcheck'], '--no-healthcheck conflicts with --health-* options'],
  [['--pid', 'foo'], '--pid: invalid PID mode'],
  [['--uts', 'foo'], '--uts: invalid UTS mode'],
  [['--userns', 'foo'], '--userns: invalid USER mode'],
  [['--cgroupns', 'foo'], '--cgroupns: invalid CGROUP mode'],
  [['--storage-opt', 'foo'], 'invalid storage option'],
  [['--security-opt', 'foo'], 'Invalid --security-opt: "foo"'],
  [
    ['--security-opt', 'seccomp=/nope'],
    'opening seccomp profile (/nope) failed: open /nope: no such file',
  ],
  [['--mac-address', 'zz'], 'zz is not a valid mac address'],
  [['--network', 'a', '--network', 'a'], 'network "a" is specified multiple times'],
  [['--memory-swappiness', '101'], 'Valid memory swappiness range is 0-100'],
  [['--log-driver', 'none', '--log-opt', 'a=b'], 'invalid logging opts for driver none'],
])('createRequest refuses %p', (argv, message) => {
  expect(() => create(...argv, 'img')).toThrow(message);
});
