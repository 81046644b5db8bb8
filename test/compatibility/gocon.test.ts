/** What users of gocon, and of kibidango before it, type: `tiffin oci` in place of the old name. Rows G01 to G15 of docs/reference/compatibility.md. */

import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../integration/harness.ts';
import { Bundle, type Config, type Result, run, waitForEnd } from '../oci/harness.ts';

/** As gocon's repository had it beside its sources. */
const SAMPLE = {
  ociVersion: '1.0.0',
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ['/bin/sh'],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    cwd: '/',
  },
  root: { path: 'rootfs' },
  linux: {},
  mounts: [],
};

/** The names of gocon's table, spelled right, with the numbers of signal(7). */
const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  FPE: 8,
  SEGV: 11,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

/** A command line in a directory. */
function inside(directory: string, box: Bundle, ...args: string[]): Result {
  return run(['env', '-C', directory, ...box.command, '--root', box.root, ...args]);
}

const done: Result = { status: 0, stdout: '', stderr: '' };

describe('gocon create', () => {
  test('create <id> <spec-path> takes a configuration file, start runs it, delete takes it away', () => {
    using box = new Bundle();
    box.write('echo ran > /data/out', writable);
    expect(box.oci('create', box.id, join(box.bundle, 'config.json'))).toEqual(done);
    expect(box.state()).toMatchObject({ id: box.id, status: 'created', bundle: box.bundle });
    expect(existsSync(join(box.rootfs, 'data/out'))).toBe(false);
    const { pid } = box.state();
    expect(box.oci('start', box.id)).toEqual(done);
    waitForEnd(pid);
    expect(readFileSync(join(box.rootfs, 'data/out'), 'utf8')).toBe('ran\n');
    expect(box.state()).toMatchObject({ status: 'stopped' });
    expect(box.oci('delete', box.id)).toEqual(done);
    expect(box.left()).toEqual([]);
  });

  test('create <id> <spec-path> takes a file of another name, relative to the working directory; its root lies beside it', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    renameSync(join(box.bundle, 'config.json'), join(box.bundle, 'mine.json'));
    expect(inside(box.directory, box, 'create', box.id, 'bundle/mine.json')).toEqual(done);
    expect(box.state()).toMatchObject({ bundle: box.bundle, rootfs: box.rootfs });
  });

  test('create <id> <path-to-bundle> takes a bundle too', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    expect(inside(box.bundle, box, 'create', box.id, '.')).toEqual(done);
    expect(box.oci('delete', '--force', box.id)).toEqual(done);
    expect(box.oci('create', box.id, box.bundle)).toEqual(done);
    expect(box.state()).toMatchObject({ status: 'created', bundle: box.bundle });
  });

  test('create refuses a path that is not there, a path beside --bundle, a third word, an id that is taken', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    const refused = (...args: string[]) => {
      const { status, stdout, stderr } = box.oci('create', ...args);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      return stderr;
    };
    expect(refused(box.id, '/nowhere')).toContain('/nowhere: no such file or directory');
    expect(refused('-b', box.bundle, box.id, box.bundle)).toContain('both say');
    expect(refused(box.id, box.bundle, 'more')).toContain('expected one container id');
    expect(refused('', box.bundle)).toContain('container id cannot be empty');
    expect(box.left()).toEqual([]);
    expect(box.oci('create', box.id, box.bundle)).toEqual(done);
    expect(refused(box.id, box.bundle)).toContain('already exists');
  });

  test('create takes the sample config.json of gocon as it was, given by its path', () => {
    using box = new Bundle();
    writeFileSync(join(box.bundle, 'config.json'), JSON.stringify(SAMPLE, null, 2));
    expect(inside(box.bundle, box, 'create', box.id, 'config.json')).toEqual(done);
    const { pid } = box.state();
    expect(box.oci('start', box.id)).toEqual(done);
    waitForEnd(pid);
    expect(box.oci('delete', box.id)).toEqual(done);
    expect(box.left()).toEqual([]);
  });

  test('create <id> without a path reads ./config.json, list shows it, as kibidango did', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    expect(inside(box.bundle, box, 'create', box.id)).toEqual(done);
    const [head = '', row = ''] = box.oci('list').stdout.split('\n');
    expect(head.split(/ +/)).toEqual(['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER']);
    expect(row.split(/ +/).slice(0, 4)).toEqual([
      box.id,
      String(box.state().pid),
      'created',
      box.bundle,
    ]);
  });
});

describe('gocon state, kill and delete', () => {
  test('state prints the document of the specification with a status that is true', () => {
    using box = new Bundle();
    box.write('exec sleep 1000', (config) => {
      config.annotations = { 'com.example.key': 'value' };
    });
    box.oci('create', box.id, box.bundle);
    const { pid } = box.state();
    expect(box.state()).toMatchObject({
      ociVersion: expect.stringMatching(/^1\./),
      id: box.id,
      status: 'created',
      bundle: box.bundle,
      annotations: { 'com.example.key': 'value' },
    });
    box.oci('start', box.id);
    expect(box.state()).toMatchObject({ status: 'running', pid });
    expect(box.oci('delete', box.id)).toMatchObject({ status: 1 });
    expect(box.oci('kill', box.id, 'KILL')).toEqual(done);
    waitForEnd(pid);
    expect(box.state()).toMatchObject({ status: 'stopped', pid: 0 });
    expect(box.oci('kill', box.id, 'KILL').status).toBe(1);
    expect(box.oci('delete', box.id)).toEqual(done);
    for (const verb of ['state', 'start', 'kill', 'delete']) {
      expect(box.oci(verb, box.id)).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringContaining('does not exist'),
      });
    }
  });

  test('kill takes names in any case, with SIG and without, and numbers', async () => {
    using box = new Bundle();
    const traps = Object.keys(SIGNALS).map((name) => `trap 'echo ${name} >> /data/got' ${name}`);
    box.write(
      `${traps.join('; ')}; echo ready > /data/got; while :; do sleep 1000 & wait $!; done`,
      writable,
    );
    box.oci('create', box.id, box.bundle);
    box.oci('start', box.id);
    const got = () => {
      const file = join(box.rootfs, 'data/got');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    };
    await until('the traps are set', () => got()[0] === 'ready');
    const expected = ['ready'];
    for (const [name, number] of Object.entries(SIGNALS)) {
      const mixed = `Sig${name[0]}${name.slice(1).toLowerCase()}`;
      for (const word of [name, name.toLowerCase(), `SIG${name}`, mixed, String(number)]) {
        expect(box.oci('kill', box.id, word)).toEqual(done);
        expected.push(name);
        await until(`${word} arrives`, () => got().length === expected.length);
      }
    }
    expect(box.oci('kill', box.id)).toEqual(done);
    await until('TERM arrives', () => got().length === expected.length + 1);
    expect(got()).toEqual([...expected, 'TERM']);
  });

  test('kill refuses what is no signal and sends nothing', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    box.oci('create', box.id, box.bundle);
    box.oci('start', box.id);
    for (const word of ['QUITA', 'TEM', 'SIG', '65', '9x', '', 'SIGSIGTERM', ' TERM']) {
      expect(box.oci('kill', box.id, word)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('invalid signal'),
      });
    }
    expect(box.state().status).toBe('running');
  });
});

describe('gocon configuration', () => {
  test('create <id> <spec-path> honours all that gocon ignored: process, limits, paths, seccomp, devices, memory', () => {
    using box = new Bundle();
    const script = `exec > /data/out
      echo "env $A"; echo "cwd $(pwd)"; echo "user $(id -u) $(id -g)"; echo "files $(ulimit -n)"
      grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '
      echo x 2>&- > /proc/sys/kernel/domainname || echo read-only
      echo "masked $(wc -c < /proc/timer_list)"
      mkdir /tmp/made 2>/dev/null || echo refused
      ls -l /dev/mine | cut -c1-10
      grep ' /tmp ' /proc/mounts | grep -o 'noexec'`;
    box.write(script, honoured);
    box.oci('create', box.id, join(box.bundle, 'config.json'));
    const { pid } = box.state();
    expect(memoryLimit(pid)).toBe(String(32 * 1024 * 1024));
    expect(box.oci('start', box.id)).toEqual(done);
    waitForEnd(pid);
    const lines = readFileSync(join(box.rootfs, 'data/out'), 'utf8').trim().split('\n');
    expect(lines).toEqual([
      'env b',
      'cwd /tmp',
      'user 0 7',
      'files 333',
      'CapEff: 0000000000000000',
      'CapBnd: 0000000000000020',
      'NoNewPrivs: 1',
      'Seccomp: 2',
      'read-only',
      'masked 0',
      'refused',
      'crw-rw-rw-',
      'noexec',
    ]);
  });

  test('create runs the hooks of its configuration, which gocon had none of', () => {
    using box = new Bundle();
    const log = join(box.directory, 'hooks');
    const hook = (name: string) => [
      { path: '/bin/sh', args: ['sh', '-c', `cat > /dev/null; echo ${name} >> ${log}`] },
    ];
    box.write('true', (config) => {
      config.hooks = {
        createRuntime: hook('createRuntime'),
        poststart: hook('poststart'),
        poststop: hook('poststop'),
      };
    });
    box.oci('create', box.id, join(box.bundle, 'config.json'));
    const { pid } = box.state();
    box.oci('start', box.id);
    waitForEnd(pid);
    box.oci('delete', box.id);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'createRuntime',
      'poststart',
      'poststop',
    ]);
  });
});

/** The test looks at what the program wrote. */
function writable(config: Config): void {
  config.root.readonly = false;
}

function honoured(config: Config): void {
  Object.assign(config.process, {
    env: ['PATH=/bin', 'A=b'],
    cwd: '/tmp',
    user: { uid: 0, gid: 7 },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 333, hard: 333 }],
    capabilities: { bounding: ['CAP_KILL'], effective: [], permitted: [] },
    noNewPrivileges: true,
  });
  writable(config);
  config.mounts.push({
    destination: '/tmp',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['noexec', 'nosuid'],
  });
  config.linux.resources = {
    ...config.linux.resources,
    memory: { limit: 32 * 1024 * 1024 },
  };
  config.linux.devices = [
    { path: '/dev/mine', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
  ];
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  };
}

/** Of the process's cgroup, in either hierarchy. */
function memoryLimit(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  const [, , v1] = lines.find((line) => line.split(':')[1] === 'memory')?.split(':') ?? [];
  if (v1 !== undefined) {
    return readFileSync(`/sys/fs/cgroup/memory${v1}/memory.limit_in_bytes`, 'utf8').trim();
  }
  const v2 = lines.find((line) => line.startsWith('0::'))?.slice(3) ?? '';
  return readFileSync(`/sys/fs/cgroup${v2}/memory.max`, 'utf8').trim();
}
