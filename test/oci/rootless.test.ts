/** Containers of an ordinary user, who has no right but to make user namespaces. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, run, waitForEnd } from './harness.ts';
import { gid, Program, range, UserBundle, uid } from './user.ts';

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program[Symbol.dispose]());

const user = () => new UserBundle(program);

/** Root inside is the user, and the ids from 1 on are those of /etc/subuid and /etc/subgid. */
function mapRange(config: Config): void {
  const { start, size } = range;
  const more = { containerID: 1, hostID: start, size };
  config.linux.uidMappings = [{ containerID: 0, hostID: uid, size: 1 }, more];
  config.linux.gidMappings = [{ containerID: 0, hostID: gid, size: 1 }, more];
}

function lines(change: (config: Config) => void, script: string): string[] {
  using box = user();
  const result = box.write(script, change).run();
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  return result.stdout.trimEnd().split('\n');
}

/** What the user sees of a refusal, after which nothing is left. */
function refusal(change: (config: Config) => void, ...flags: string[]): string {
  using box = user();
  const result = box.write('id', change).run(...flags);
  expect(result.status).toBe(1);
  expect(existsSync(join(box.runtime, 'tiffin-oci', box.box.id))).toBe(false);
  return result.stderr;
}

function share(config: Config, type: string): void {
  config.linux.namespaces = config.linux.namespaces.filter(
    (namespace: Config) => namespace.type !== type,
  );
}

describe('oci run as an ordinary user', () => {
  test('oci spec --rootless gives what oci run takes: root inside is the user outside', () => {
    const script =
      'id -u; id -g; cat /proc/self/setgroups; tr -s " " < /proc/self/uid_map; stat -c %u:%g /bin';
    expect(lines(() => undefined, script)).toEqual(['0', '0', 'deny', ` 0 ${uid} 1`, '0:0']);
  });

  test('oci run maps ranges through newuidmap and newgidmap, groups included', () => {
    const identity = (config: Config) => {
      mapRange(config);
      config.process.user = { uid: 5, gid: 6, additionalGids: [7] };
    };
    expect(lines(identity, 'id; touch /dev/shm/made; stat -c %u:%g /dev/shm/made')).toEqual([
      'uid=5 gid=6 groups=7',
      '5:6',
    ]);
  });

  test('oci run makes a process a user that is not root where root is not mapped', () => {
    const seven = (config: Config) => {
      config.linux.uidMappings = [{ containerID: 7, hostID: uid, size: 1 }];
      config.process.user.uid = 7;
    };
    expect(lines(seven, 'id -u; touch /dev/shm/x && stat -c %u /dev/shm/x')).toEqual(['7', '7']);
  });

  test('oci run binds the host’s sysfs, procfs and devices where the kernel allows no own ones', () => {
    const shared = (config: Config) => {
      const sys = config.mounts.find((mount: Config) => mount.destination === '/sys');
      Object.assign(sys, { type: 'sysfs', source: 'sysfs', options: ['nosuid', 'ro'] });
      share(config, 'pid');
    };
    const script =
      'readlink /proc/self/ns/pid; ls /sys/kernel | grep -c cgroup; echo x > /dev/null && echo written';
    const pid = run(['readlink', '/proc/self/ns/pid']).stdout.trim();
    expect(lines(shared, script)).toEqual([pid, '1', 'written']);
  });

  test('oci run mounts an own sysfs with an own network namespace', () => {
    const own = (config: Config) => {
      const sys = config.mounts.find((mount: Config) => mount.destination === '/sys');
      Object.assign(sys, { type: 'sysfs', source: 'sysfs', options: ['nosuid', 'ro'] });
      config.linux.namespaces.push({ type: 'network' });
    };
    expect(lines(own, 'ls /sys/class/net')).toEqual(['lo']);
  });

  test('oci run shifts the clocks of a new user namespace', () => {
    const shifted = (config: Config) => {
      config.linux.namespaces.push({ type: 'time' });
      config.linux.timeOffsets = { boottime: { secs: 1_000_000_000 } };
    };
    const [seconds] = lines(shifted, 'cat /proc/uptime');
    expect(Number.parseFloat(seconds ?? '')).toBeGreaterThan(1_000_000_000);
  });

  test('oci run raises the oom score and lowers limits of resources, which takes no right', () => {
    const worse = (config: Config) => {
      config.process.oomScoreAdj = 777;
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 32, hard: 64 }];
    };
    const script = 'cat /proc/self/oom_score_adj; ulimit -Sn; ulimit -Hn';
    expect(lines(worse, script)).toEqual(['777', '32', '64']);
  });
});

describe('oci run refuses an ordinary user', () => {
  test('ranges that subuid(5) does not give, in newuidmap’s words', () => {
    const foreign = refusal((config) => {
      mapRange(config);
      config.linux.uidMappings[1].hostID = range.start - 1;
    });
    expect(foreign).toContain('cannot map ids by /usr/bin/newuidmap');
    expect(foreign).toContain('not allowed');
  });

  test('ranges without newuidmap, naming what to install', () => {
    using box = user();
    box.write('id', mapRange);
    const args = ['oci', 'run', '-b', box.box.bundle, box.box.id];
    const { status, stderr } = box.enter('TEST_PATH=/nowhere:/bin/../sbin/none', ...args);
    // env(1) itself is named in full, as nothing is found by PATH any more.
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('newuidmap is not installed\n  install the package uidmap'),
    ]);
  });

  test('additional groups where one group is mapped', () => {
    const text = refusal((config) => {
      config.process.user.additionalGids = [5];
    });
    expect(text).toContain('cannot set any additional groups in a rootless container');
  });

  test('owners of mounts that do not exist inside', () => {
    const text = refusal((config) => {
      config.mounts.find((mount: Config) => mount.type === 'devpts').options.push('gid=5');
    });
    expect(text).toContain('cannot specify gid= mount options for unmapped gid 5');
  });

  test('a lower oom score and a higher limit, naming the right that they take', () => {
    const score = refusal((config) => {
      config.process.oomScoreAdj = -900;
    });
    expect(score).toContain('process.oomScoreAdj: cannot set -900');
    const limit = refusal((config) => {
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 ** 40 }];
    });
    expect(limit).toContain('CAP_SYS_RESOURCE');
  });

  test('a container without a user namespace', () => {
    const text = refusal((config) => {
      share(config, 'user');
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    });
    expect(text).toContain('run as root, or add a user namespace with mappings');
  });

  test('limits, a cgroup path and --rootless=false where it may not make cgroups', () => {
    const limited = refusal((config) => {
      config.linux.resources = { pids: { limit: 5 } };
    });
    expect(limited).toContain(`uid ${uid} may not make`);
    const path = refusal((config) => {
      config.linux.cgroupsPath = '/not/mine';
    });
    expect(path).toContain('linux.cgroupsPath: "/not/mine"');
    using box = user();
    const strict = box.write('id').oci('--rootless=false', 'run', '-b', box.box.bundle, box.box.id);
    expect([strict.status, strict.stderr]).toEqual([
      1,
      expect.stringContaining(`--rootless=false: uid ${uid} may not make cgroups here`),
    ]);
  });

  test('state in a directory of root’s, naming what to set', () => {
    using box = user();
    const place = ['--root', '/none/state', 'run', '-b', box.box.bundle, box.box.id];
    const { status, stderr } = box.write('id').as('oci', ...place);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('set XDG_RUNTIME_DIR to a directory of your own'),
    ]);
  });

  test('a word that --rootless does not know', () => {
    using box = user();
    const { status, stderr } = box.as('oci', '--rootless', 'maybe', 'list');
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('invalid value "maybe" for flag -rootless'),
    ]);
  });
});

describe('oci run as root of an ordinary user’s namespace', () => {
  test('oci run needs no user namespace of its own, and keeps its state below XDG_RUNTIME_DIR', () => {
    using box = user();
    box.write('id -u; cat /proc/self/oom_score_adj; ls /sys/class/net', (config) => {
      share(config, 'user');
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
      config.linux.namespaces.push({ type: 'network' });
      const sys = config.mounts.find((mount: Config) => mount.destination === '/sys');
      Object.assign(sys, { type: 'sysfs', source: 'sysfs', options: ['nosuid', 'ro'] });
      config.process.oomScoreAdj = 500;
    });
    const { stdout, stderr } = box.nested('oci', 'run', '-b', box.box.bundle, box.box.id);
    expect([stdout, stderr]).toEqual(['0\n500\nlo\n', expect.stringContaining('warning: uid 0')]);
    expect(existsSync(join(box.runtime, 'tiffin-oci'))).toBe(true);
  });

  test('oci run maps ids of that namespace into a further one', () => {
    using box = user();
    box.write('id; tr -s " " < /proc/self/uid_map', (config) => {
      config.linux.uidMappings = [{ containerID: 5, hostID: 0, size: 1 }];
      config.linux.gidMappings = [{ containerID: 5, hostID: 0, size: 1 }];
      config.process.user = { uid: 5, gid: 5 };
    });
    const { stdout } = box.nested('oci', 'run', '-b', box.box.bundle, box.box.id);
    expect(stdout).toBe('uid=5 gid=5\n 5 0 1\n');
  });
});

describe('the life of an ordinary user’s container', () => {
  test('oci create, start, exec, kill and delete, with the state below XDG_RUNTIME_DIR', () => {
    using box = user();
    const { id, bundle } = box.box;
    const pidFile = join(box.runtime, 'pid');
    box.write('trap "exit 3" TERM; while :; do sleep 0.05; done', (config) => {
      mapRange(config);
      config.process.oomScoreAdj = 300;
    });
    expect(box.oci('create', '-b', bundle, '--pid-file', pidFile, id).stderr).toBe('');
    expect(statSync(join(box.runtime, 'tiffin-oci')).uid).toBe(uid);
    const state = () => JSON.parse(box.oci('state', id).stdout);
    expect(state()).toMatchObject({ status: 'created', owner: String(uid) });
    expect(box.oci('start', id).stderr).toBe('');
    expect(state().status).toBe('running');
    expect(readFileSync(pidFile, 'utf8')).toBe(String(state().pid));
    const again = box.oci('exec', '-u', '8:9', '-g', '10', id, 'sh', '-c', 'id');
    expect([again.stderr, again.stdout]).toEqual(['', 'uid=8 gid=9 groups=10\n']);
    const score = box.oci('exec', id, 'cat', '/proc/self/oom_score_adj');
    expect(score.stdout).toBe('300\n');
    expect(box.oci('pause', id).stderr).toContain('cannot pause');
    const { pid } = state();
    expect(box.oci('kill', id, 'KILL').status).toBe(0);
    waitForEnd(pid);
    expect(state().status).toBe('stopped');
    expect(box.oci('delete', id).status).toBe(0);
    const left = readdirSync(join(box.runtime, 'tiffin-oci'));
    expect(left.filter((name) => !name.startsWith('shim-'))).toEqual([]);
  });

  test('oci create warns of the missing cgroup in the log, or on standard error without one', () => {
    using box = user();
    box.write('echo out');
    expect(box.run().stderr).toBe('');
    const words = 'without a cgroup the container has no limits and cannot be paused';
    expect(readFileSync(join(box.runtime, 'log'), 'utf8')).toContain(words);
    const { stdout, stderr } = box.as('oci', 'run', '-b', box.box.bundle, box.box.id);
    expect([stdout, stderr]).toEqual([
      'out\n',
      `tiffin: warning: uid ${uid} may not make cgroups here: ${words}\n`,
    ]);
  });

  test('oci run and create join the user namespace of another container by path, as user and as root', () => {
    using first = user();
    first.write('sleep 1000', mapRange);
    expect(first.oci('run', '-d', '-b', first.box.bundle, first.box.id).stderr).toBe('');
    const { pid } = JSON.parse(first.oci('state', first.box.id).stdout);
    using second = user();
    const script = 'id -u; tr -s " " < /proc/self/uid_map; cat /proc/self/oom_score_adj';
    second.write(script, (config) => {
      const namespace = config.linux.namespaces.find((each: Config) => each.type === 'user');
      namespace.path = `/proc/${pid}/ns/user`;
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
      config.process.oomScoreAdj = 400;
    });
    const seen = ['0', ` 0 ${uid} 1`, ` 1 ${range.start} ${range.size}`, '400', ''].join('\n');
    expect(second.run()).toEqual({ status: 0, stdout: seen, stderr: '' });
    expect(second.box.run()).toEqual({ status: 0, stdout: seen, stderr: '' });
    expect(second.box.create().stderr).toBe('');
    expect(second.box.oci('start', second.box.id).stderr).toBe('');
  });

  test('oci pause, resume and unified limits work in a delegated cgroup, and the cgroup goes with the container', () => {
    using box = user();
    const { id, bundle } = box.box;
    const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers')
      ? '/sys/fs/cgroup'
      : '/sys/fs/cgroup/unified';
    const mine = join(v2, `tiffin-user-${process.pid}`);
    const leaf = join(mine, 'shell');
    mkdirSync(leaf, { recursive: true });
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'shell/cgroup.procs']) {
      run(['chown', `${uid}:${gid}`, join(mine, file)]);
    }
    const inLeaf = (...args: string[]) =>
      box.enter(`echo 0 > ${leaf}/cgroup.procs || exit 98`, 'oci', ...args);
    try {
      box.write('while :; do sleep 0.02; done', (config) => {
        config.linux.resources = { unified: { 'cgroup.max.descendants': '3' } };
      });
      expect(inLeaf('run', '-d', '-b', bundle, id).stderr).toBe('');
      expect(readFileSync(join(mine, id, 'cgroup.max.descendants'), 'utf8')).toBe('3\n');
      expect(inLeaf('pause', id).stderr).toBe('');
      expect(readFileSync(join(mine, id, 'cgroup.events'), 'utf8')).toContain('frozen 1');
      expect(JSON.parse(inLeaf('state', id).stdout).status).toBe('paused');
      expect(inLeaf('resume', id).stderr).toBe('');
      const placed = inLeaf('exec', id, 'cat', '/proc/self/cgroup');
      expect(placed.stdout).toContain('0::/\n');
      expect(inLeaf('delete', '--force', id).stderr).toBe('');
      expect(existsSync(join(mine, id))).toBe(false);
    } finally {
      inLeaf('delete', '--force', id);
      rmdirSync(leaf);
      rmdirSync(mine);
    }
  });
});
