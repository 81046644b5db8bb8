/** Attacks on `tiffin oci`: a root file system that somebody else writes to while it is set up, and ways back through the runtime. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../integration/harness.ts';
import { Bundle, binary, type Config, run } from '../oci/harness.ts';
import { PROBE, RACER } from './programs.ts';
import { compile } from './support.ts';

let programs: string;

beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'tiffin-attacks-'));
  await compile(PROBE, join(programs, 'probe'));
  await compile(RACER, join(programs, 'racer'));
});

afterAll(() => rmSync(programs, { recursive: true, force: true }));

const WAYS = ['up', 'absolute'] as const;

class Attack extends Bundle {
  /** A directory of the host that nothing may reach, with a file in it. */
  readonly outside = join(this.directory, 'outside');
  /** Leads out of the root for whoever follows it by its name on the host, or from a descriptor without confinement. */
  readonly wayOut: string;

  constructor(way: 'up' | 'absolute' = 'absolute') {
    super();
    this.wayOut = `${way === 'up' ? '../../../../../../../../..' : ''}${this.outside}`;
    copyFileSync(join(programs, 'probe'), join(this.rootfs, 'bin/probe'));
    mkdirSync(this.outside);
    writeFileSync(join(this.outside, 'secret'), 'secret');
  }

  /** Puts a link in place of what is there. */
  link(path: string, value = this.wayOut): this {
    rmSync(join(this.rootfs, path), { recursive: true, force: true });
    symlinkSync(value, join(this.rootfs, path));
    return this;
  }

  expectUntouched(): void {
    expect(readdirSync(this.outside)).toEqual(['secret']);
    expect(readFileSync(join(this.outside, 'secret'), 'utf8')).toBe('secret');
  }
}

function withoutDev(config: Config): void {
  config.mounts = config.mounts.filter(
    ({ destination }: Config) => !destination.startsWith('/dev'),
  );
}

function writable(config: Config): void {
  config.root.readonly = false;
}

function mountsOf(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}

test('oci run and exec give 0, 1 and 2 only, however many descriptors the caller left open (CVE-2024-21626)', async () => {
  using bundle = new Attack().write('probe fds > /data/first; sleep 1000', writable);
  const leaky = (...args: string[]) =>
    run([
      'sh',
      '-c',
      'exec 3</ 4</sys/fs/cgroup 7</etc/passwd 9>>/dev/null; exec "$@"',
      'sh',
      binary,
      'oci',
      '--root',
      bundle.root,
      ...args,
    ]);
  expect(leaky('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  expect(leaky('exec', bundle.id, 'probe', 'fds')).toMatchObject({ status: 0, stdout: '0 1 2\n' });
  expect(leaky('exec', '--preserve-fds', '1', bundle.id, 'probe', 'fds').stdout).toBe('0 1 2 3\n');
  const first = join(bundle.rootfs, 'data/first');
  await until(
    'the first program has written',
    () => existsSync(first) && readFileSync(first).length > 0,
  );
  expect(readFileSync(first, 'utf8')).toBe('0 1 2\n');
});

test('oci run and exec refuse a working directory behind any descriptor (CVE-2024-21626)', () => {
  using target = new Attack().write('sleep 1000');
  expect(target.oci('run', '-d', '-b', target.bundle, target.id)).toMatchObject({ status: 0 });
  for (const number of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20]) {
    for (const path of [`/proc/self/fd/${number}`, `/proc/self/fd/${number}/../../..`]) {
      const exec = target.oci('exec', '--cwd', path, target.id, 'ls', '/');
      expect({ path, failed: exec.status !== 0, stdout: exec.stdout }).toEqual({
        path,
        failed: true,
        stdout: '',
      });
    }
    using bundle = new Attack().write('ls -l', (config) => {
      config.process.cwd = `/proc/self/fd/${number}`;
    });
    const result = bundle.run('--preserve-fds', '0');
    expect({ number, failed: result.status !== 0, stdout: result.stdout }).toEqual({
      number,
      failed: true,
      stdout: '',
    });
  }
});

test('nobody inside can write to the program of oci run, exec or the init (CVE-2019-5736)', async () => {
  const digest = () => createHash('sha256').update(readFileSync(binary)).digest('hex');
  const before = digest();
  // Rights that no container has by default, so that nothing but the program itself is in the way.
  using bundle = new Attack().write('probe overwrite 1500 > /data/said', (config) => {
    const all = [
      'CAP_SYS_PTRACE',
      'CAP_DAC_OVERRIDE',
      'CAP_SYS_ADMIN',
      'CAP_DAC_READ_SEARCH',
      'CAP_FOWNER',
    ];
    config.process.capabilities = { bounding: all, effective: all, permitted: all };
    config.process.noNewPrivileges = false;
    writable(config);
  });
  expect(bundle.oci('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  const said = join(bundle.rootfs, 'data/said');
  let entries = 0;
  while (!existsSync(said) || readFileSync(said, 'utf8') === '') {
    entries += 1;
    bundle.oci('exec', bundle.id, entries % 2 === 0 ? 'true' : '/proc/self/exe');
  }
  // Each of the two ways in at least once, however slow the machine is meanwhile.
  expect(entries).toBeGreaterThanOrEqual(2);
  expect(readFileSync(said, 'utf8')).toMatch(/^control 1 held \d written 0\n$/);
  expect(digest()).toBe(before);
  // The copy of the shim on the host is as it was, too: it still works.
  bundle.oci('delete', '--force', bundle.id);
  expect(bundle.write('echo works').run()).toMatchObject({ status: 0, stdout: 'works\n' });
});

for (const name of ['proc', 'sys', 'dev']) {
  test(`a root whose /${name} is a link out of it is refused, and nothing appears there (CVE-2019-19921)`, () => {
    using bundle = new Attack().link(name).write('echo ran');
    const before = mountsOf();
    const result = bundle.run();
    expect(result.status).not.toBe(0);
    expect(result.stdout).toBe('');
    bundle.expectUntouched();
    expect(mountsOf()).toBe(before);
  });
}

test.each([...WAYS])(
  'links %s in the places of mounts and devices lead nowhere outside (CVE-2021-30465, CVE-2026-47766)',
  (way) => {
    using bundle = new Attack(way);
    const source = join(bundle.directory, 'source');
    mkdirSync(source);
    for (const path of ['data', 'mnt', 'etc/hosts']) bundle.link(path);
    bundle.link('file', `${bundle.wayOut}/secret`).link('made', `${bundle.wayOut}/made`);
    bundle.write('ls /data /mnt/deep', (config) => {
      const bind = (destination: string, from: string) => ({
        destination,
        type: 'bind',
        source: from,
        options: ['rbind', 'rw'],
      });
      config.mounts.push(
        // Those that would make something come first: a mount over the directory outside would hide it.
        bind('/mnt/deep/er', source),
        bind('/made/x', source),
        bind('/data', source),
        { destination: '/mnt/tmpfs', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
        bind('/file', join(bundle.bundle, 'config.json')),
      );
      config.linux.devices = [{ path: '/mnt/node', type: 'c', major: 1, minor: 3 }];
    });
    const before = mountsOf();
    bundle.run();
    bundle.expectUntouched();
    expect(mountsOf()).toBe(before);
  },
);

const PLANTED = ['kernel/core_pattern', 'net/ipv4/ip_default_ttl', 'kernel/shm_rmid_forced'];

test('settings and labels reach the kernel, not the file that somebody mounted in their place (CVE-2025-52881)', () => {
  using bundle = new Attack();
  const fake = join(bundle.directory, 'fake');
  for (const path of PLANTED) {
    mkdirSync(join(fake, 'sys', path, '..'), { recursive: true });
    writeFileSync(join(fake, 'sys', path), 'fake');
  }
  mkdirSync(join(fake, 'self/attr'), { recursive: true });
  writeFileSync(join(fake, 'self/attr/exec'), 'fake');
  symlinkSync('/sysrq-trigger', join(fake, 'sys/net/link'));
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  for (const destination of ['/proc', '/proc/sys', '/proc/sys/net']) {
    bundle.write('cat /own/sys/net/ipv4/ip_default_ttl', (config) => {
      config.linux.sysctl = { 'net.ipv4.ip_default_ttl': '77', 'kernel.shm_rmid_forced': '1' };
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
      const below = destination.slice('/proc'.length);
      config.mounts.push(
        { destination, type: 'bind', source: join(fake, below), options: ['rbind', 'rw'] },
        { destination: '/own', type: 'proc', source: 'proc' },
      );
    });
    mkdirSync(join(bundle.rootfs, 'own'), { recursive: true });
    const result = bundle.run();
    expect({ destination, refused: result.status !== 0, ttl: result.stdout }).toEqual(
      result.status === 0
        ? { destination, refused: false, ttl: '77\n' }
        : { destination, refused: true, ttl: '' },
    );
    for (const path of PLANTED) {
      expect(readFileSync(join(fake, 'sys', path), 'utf8')).toBe('fake');
    }
    expect(readFileSync(join(fake, 'self/attr/exec'), 'utf8')).toBe('fake');
  }
  expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern);
});

const NULL_PLACES: { name: string; place: (bundle: Attack) => void }[] = [
  {
    name: 'a link to a kernel file',
    place: (bundle) => bundle.link('dev/null', '/proc/sys/kernel/core_pattern'),
  },
  {
    name: 'a link outwards',
    place: (bundle) => bundle.link('dev/null', `${bundle.wayOut}/secret`),
  },
  {
    name: 'a plain file',
    place: ({ rootfs }) => writeFileSync(join(rootfs, 'dev/null'), 'plain'),
  },
  {
    name: 'another device',
    place: ({ rootfs }) =>
      Bun.spawnSync(['mknod', join(rootfs, 'dev/null'), 'c', '1', '11']).success,
  },
];

for (const { name, place } of NULL_PLACES) {
  test(`/dev/null as ${name}, on a root without a /dev of its own, is never what masks a path (CVE-2025-31133)`, () => {
    using bundle = new Attack();
    writeFileSync(join(bundle.rootfs, 'masked'), 'masked');
    place(bundle);
    bundle.write('cat /masked; cat /proc/kcore | head -c 4; echo x > /proc/kcore', (config) => {
      withoutDev(config);
      config.linux.maskedPaths = ['/masked', '/proc/kcore', '/proc/keys'];
    });
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const result = bundle.run();
    expect(result.stdout).toBe('');
    expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern);
    bundle.expectUntouched();
  });
}

test('a masked path that is a link masks what it leads to inside, and a loop of links is no way around', () => {
  using bundle = new Attack();
  bundle.link('tmp/kcore', '/proc/kcore').link('tmp/loop', '/tmp/loop').link('tmp/out');
  bundle.write('head -c 4 /proc/kcore | wc -c; ls /sys/firmware | wc -l', (config) => {
    config.linux.maskedPaths = ['/tmp/kcore', '/tmp/out', '/sys/firmware'];
  });
  expect(bundle.run().stdout).toBe('0\n0\n');
  bundle.expectUntouched();
  bundle.write('echo ran', (config) => {
    config.linux.maskedPaths = ['/tmp/loop'];
  });
  expect(bundle.run()).toMatchObject({ stdout: '' });
});

test('/dev/console and /dev/pts as links take the terminal nowhere outside (CVE-2025-52565)', () => {
  for (const planted of ['dev/console', 'dev/pts', 'dev/ptmx', 'dev/tty']) {
    using bundle = new Attack(planted === 'dev/ptmx' ? 'up' : 'absolute');
    bundle.link(planted, planted === 'dev/pts' ? bundle.wayOut : `${bundle.wayOut}/secret`);
    bundle.write('echo to-the-console > /dev/console; echo ran', (config) => {
      config.process.terminal = true;
      config.mounts = config.mounts.filter(
        ({ destination }: Config) => destination !== '/dev' && destination !== '/dev/mqueue',
      );
    });
    const before = mountsOf();
    const command = `${binary} oci --root ${bundle.root} run -b ${bundle.bundle} ${bundle.id}`;
    const { stdout } = run(['script', '-qec', command, '/dev/null']);
    // Refused, or what is written to the console arrives at the terminal and nowhere else.
    if (stdout.includes('ran')) expect(stdout).toContain('to-the-console');
    bundle.expectUntouched();
    expect(mountsOf()).toBe(before);
  }
});

test('a root, a volume and mount points that are exchanged with links all the time never lead to the host', async () => {
  using bundle = new Attack();
  const volume = join(bundle.directory, 'volume');
  const source = join(bundle.directory, 'source');
  mkdirSync(source);
  const places: [string, string][] = [
    [bundle.rootfs, 'proc'],
    [bundle.rootfs, 'dev'],
    [volume, 'place'],
  ];
  const racers = places.map(([directory, name]) => {
    mkdirSync(join(directory, name, 'below'), { recursive: true });
    const up = name === 'proc' ? '../../../../../../../../..' : '';
    symlinkSync(`${up}${bundle.outside}`, join(directory, `${name}-link`));
    return Bun.spawn([join(programs, 'racer'), directory, name, `${name}-link`], {
      stdout: 'ignore',
    });
  });
  try {
    // What the attack does to a program that goes by names: some of its directories are made outside.
    let fooled = 0;
    await until('a plain mkdir is led out', () => {
      for (let round = 0; round < 200; round += 1) {
        try {
          mkdirSync(join(volume, 'place', `naive-${fooled}`));
        } catch {
          // Made by the round before.
        }
        fooled = readdirSync(bundle.outside).length - 1;
      }
      return fooled > 0;
    });
    for (const name of readdirSync(bundle.outside)) {
      if (name !== 'secret') rmSync(join(bundle.outside, name), { recursive: true });
    }
    bundle.write('echo ran', (config) => {
      const bind = (destination: string, from: string) => ({
        destination,
        type: 'bind',
        source: from,
        options: ['rbind', 'rw'],
      });
      config.mounts.push(
        bind('/v', volume),
        // Those that would make something come first: a mount over the directory outside would hide it.
        bind('/v/place/made/deep', source),
        { destination: '/v/place/tmpfs', type: 'tmpfs', source: 'tmpfs', options: [] },
        bind('/v/place/below', source),
        bind('/v/place', source),
      );
      config.linux.maskedPaths.push('/v/place/below');
      config.linux.readonlyPaths.push('/v/place');
      config.linux.devices = [{ path: '/v/place/node', type: 'c', major: 1, minor: 3 }];
    });
    const before = mountsOf();
    const answers = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      const result = bundle.run();
      answers.add(result.stdout);
      if (result.status !== 0) expect(result.stderr).not.toBe('');
      bundle.expectUntouched();
    }
    expect(mountsOf()).toBe(before);
    expect([...answers].filter((text) => text !== '' && text !== 'ran\n')).toEqual([]);
  } finally {
    for (const racer of racers) racer.kill();
    await Promise.all(racers.map((racer) => racer.exited));
  }
}, 120_000);

const USERS = [
  'nobody-there',
  '-1',
  '4294967295',
  '4294967296',
  '18446744073709551616',
  '0x0',
  '1000:',
  ':0',
  ' 0',
  '1000:4294967296',
  '1000 0',
  '1e3',
  '',
];

test('oci exec --user with anything but numbers never ends up as somebody (CVE-2026-30892)', () => {
  using bundle = new Attack().write('sleep 1000', (config) => {
    config.process.user = { uid: 1000, gid: 1000, additionalGids: [1000, 5] };
  });
  expect(bundle.oci('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  const who = (...flags: string[]) =>
    bundle.oci('exec', ...flags, bundle.id, 'sh', '-c', 'id -u; id -g').stdout;
  for (const user of USERS) {
    const found = who('--user', user);
    expect({ user, root: found.split('\n').includes('0') && found !== '1000\n0\n' }).toEqual({
      user,
      root: false,
    });
  }
  expect(who('--user', '7:8')).toBe('7\n8\n');
  expect(who()).toBe('1000\n1000\n');
});

test('oci exec has no more capabilities than the container, and --cap gives nothing inheritable (CVE-2022-29162, CVE-2025-27612)', () => {
  using bundle = new Attack().write('sleep 1000', (config) => {
    const set = ['CAP_KILL', 'CAP_CHOWN'];
    config.process.capabilities = { bounding: set, effective: set, permitted: set };
  });
  expect(bundle.oci('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  const sets = (...flags: string[]) =>
    bundle
      .oci('exec', ...flags, bundle.id, 'grep', 'Cap', '/proc/self/status')
      .stdout.split('\n')
      .filter((line) => line !== '')
      .map((line) => Number(`0x${line.split('\t')[1]}`));
  // Inheritable, permitted, effective, bounding, ambient.
  expect(sets()).toEqual([0, 0x21, 0x21, 0x21, 0]);
  const [inheritable, permitted] = sets('--cap', 'CAP_NET_RAW');
  expect({ inheritable, permitted }).toEqual({ inheritable: 0, permitted: 0x2021 });
  expect(sets('--user', '1000')).toEqual([0, 0, 0, 0x21, 0]);
});

test('a container with a user namespace stands in its own control group all the same (CVE-2025-47291)', () => {
  using bundle = new Attack();
  bundle.write('sleep 1000', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
    config.linux.gidMappings = config.linux.uidMappings;
    config.linux.cgroupsPath = `/attacks/${bundle.id}`;
    config.linux.resources = { pids: { limit: 7 } };
  });
  expect(bundle.oci('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  const { pid } = bundle.state();
  const exec = bundle.oci('exec', '-d', bundle.id, 'sleep', '1000');
  expect(exec).toMatchObject({ status: 0 });
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  expect(groups).toMatch(new RegExp(`pids:.*/attacks/${bundle.id}\\n`));
  const many = bundle.oci(
    'exec',
    bundle.id,
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; echo all',
  );
  expect(many.stdout).toBe('');
});

test('annotations decide nothing and unified takes no paths (CVE-2023-6476, CVE-2024-3154)', () => {
  using bundle = new Attack().write(
    'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; echo all',
    (config) => {
      config.linux.resources = { pids: { limit: 7 } };
      config.annotations = {
        'org.systemd.property.TasksMax': "'infinity'",
        'org.systemd.property.ExecStartPre': "['/bin/sh', '-c', 'echo']",
        'io.kubernetes.cri-o.UnifiedCgroup.x': 'pids.max=max',
        'run.oci.systemd.subgroup': '../../..',
      };
    },
  );
  expect(bundle.run().stdout).toBe('');
  for (const name of ['../cgroup.procs', 'a/b', '..', '', 'pids.max\n']) {
    bundle.write('echo ran', (config) => {
      config.linux.resources = { unified: { [name]: '1' } };
    });
    const result = bundle.run();
    expect({ name, stdout: result.stdout }).toEqual({ name, stdout: '' });
    expect(result.status).not.toBe(0);
    expect(bundle.left().filter((left) => left !== 'seccomp~')).toEqual([]);
  }
});

test('signals to everybody in reach end the container and not the runtime that waits for it', () => {
  using bundle = new Attack().write('kill -9 0; kill -9 -1; exit 7');
  expect(bundle.run()).toMatchObject({ status: 7 });
  bundle.write('sleep 1000');
  expect(bundle.oci('run', '-d', '-b', bundle.bundle, bundle.id)).toMatchObject({ status: 0 });
  expect(bundle.oci('exec', bundle.id, 'sh', '-c', 'kill -9 0').status).toBe(137);
  expect(bundle.state().status).toBe('running');
});
