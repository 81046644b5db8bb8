import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, binary, type Config, waitForEnd } from './harness.ts';

describe('oci create, start, state, kill, delete', () => {
  test('oci create leaves the program waiting until oci start, and delete leaves nothing', () => {
    using box = new Bundle();
    const flag = join(box.directory, 'flag');
    mkdirSync(flag);
    box.write('echo started > /flag/file; exec sleep 1000', (config) => {
      config.mounts.push({ destination: '/flag', source: flag, type: 'bind', options: ['bind'] });
      config.root.readonly = false;
    });
    expect(box.create('--pid-file', join(box.directory, 'pid'))).toMatchObject({
      status: 0,
      stderr: '',
    });
    const created = box.state();
    expect(created).toMatchObject({ status: 'created', id: box.id, bundle: box.bundle });
    expect(Number(readFileSync(join(box.directory, 'pid'), 'utf8'))).toBe(created.pid);
    expect(existsSync(join(flag, 'file'))).toBe(false);

    expect(box.oci('start', box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(box.state()).toMatchObject({ status: 'running', pid: created.pid });
    expect(box.oci('start', box.id).stderr).toContain('already running');
    expect(box.oci('delete', box.id).stderr).toContain(
      `cannot delete container ${box.id} that is not stopped: running`,
    );

    expect(box.oci('kill', box.id, 'KILL').status).toBe(0);
    waitForEnd(created.pid);
    expect(box.state()).toMatchObject({ status: 'stopped', pid: 0 });
    expect(box.oci('kill', box.id, 'KILL')).toMatchObject({ status: 1 });
    expect(box.oci('delete', box.id).status).toBe(0);
    expect(box.oci('state', box.id).stderr).toContain(`container does not exist: ${box.id}`);
    expect(box.left()).toEqual([]);
  });

  test('oci create refuses an id that is taken', () => {
    using box = new Bundle();
    box.write('true');
    expect(box.create().status).toBe(0);
    expect(box.create().stderr).toContain(`container with given ID already exists: ${box.id}`);
    expect(box.state().status).toBe('created');
  });

  test('oci delete leaves a created container alone without force, and force is quiet about an absent one', () => {
    using box = new Bundle();
    box.write('true');
    box.create();
    expect(box.oci('delete', box.id)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('that is not stopped: created'),
    });
    expect(box.state().status).toBe('created');
    expect(box.oci('delete', '--force', box.id).status).toBe(0);
    expect(box.oci('delete', '--force', box.id).status).toBe(0);
    expect(box.oci('delete', box.id).status).toBe(1);
    expect(box.left()).toEqual([]);
  });

  test('oci start tells that there is no process, and oci run refuses such a configuration', () => {
    using box = new Bundle();
    box.write('true', (config) => Reflect.deleteProperty(config, 'process'));
    expect(box.run()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('process: expected a value'),
    });
    expect(box.create()).toMatchObject({ status: 0, stderr: '' });
    expect(box.state().status).toBe('created');
    expect(box.oci('start', box.id)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('process: expected a value'),
    });
    expect(box.state().status).toBe('stopped');
    expect(box.oci('delete', box.id).status).toBe(0);
    expect(box.left()).toEqual([]);
  });

  test('oci run without a mount namespace shares the mounts of the host, and takes its own away at the end', () => {
    using box = new Bundle();
    const withoutMounts = (config: Config) => {
      config.linux.namespaces = [];
      config.linux.maskedPaths = ['/proc/version'];
      Reflect.deleteProperty(config, 'hostname');
    };
    const own = readlinkSync('/proc/self/ns/mnt');
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    box.write('readlink /proc/self/ns/mnt; pwd; cat /proc/version', withoutMounts);
    const { stdout } = box.run();
    expect(stdout).toBe(`${own}\n/\n`);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);

    box.write('sleep 1000', withoutMounts);
    expect(box.run('-d')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toBe(before);
    expect(box.oci('exec', box.id, 'sh', '-c', 'test ! -e /usr/lib && echo inside')).toMatchObject({
      status: 0,
      stdout: 'inside\n',
    });
    expect(box.oci('delete', '--force', box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
    expect(existsSync(box.rootfs)).toBe(true);
    expect(box.left()).toEqual([]);
  });

  test('oci delete --force ends a running container', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    expect(box.run('-d')).toMatchObject({ status: 0, stderr: '' });
    const { pid } = box.state();
    expect(box.oci('delete', '--force', box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(`/proc/${pid}/root/bin`)).toBe(false);
    expect(box.left()).toEqual([]);
  });

  test('oci keeps the configuration of the time of create', () => {
    using box = new Bundle();
    box.write('sleep 1000', (config) => {
      config.annotations = { now: 'one' };
    });
    box.create();
    box.write('sleep 1000', (config) => {
      config.annotations = { now: 'two' };
    });
    expect(box.state().annotations).toEqual({ now: 'one' });
  });
});

describe('oci run', () => {
  for (const [script, status] of [
    ['exit 0', 0],
    ['exit 7', 7],
    ['kill -9 $$', 0],
  ] as const) {
    test(`oci run of «${script}» ends with the container's status and leaves nothing`, () => {
      using box = new Bundle();
      // Pid 1 of a pid namespace cannot kill itself: a child shows the signal.
      box.write(script.includes('kill') ? `sh -c '${script}'; test $? = 137` : script);
      expect(box.run().status).toBe(status);
      expect(box.left()).toEqual([]);
    });
  }

  test('oci run gives 128 and the signal for a killed container', async () => {
    using box = new Bundle();
    box.write('echo $$; exec sleep 1000');
    const child = Bun.spawn(command(box), { stdin: 'ignore', stdout: 'pipe' });
    // Its first output says that it runs.
    const reader = child.stdout.getReader();
    await reader.read();
    process.kill(box.state().pid, 'SIGKILL');
    expect(await child.exited).toBe(137);
    expect(box.left()).toEqual([]);
  });

  test('oci run relays signals to the container', async () => {
    using box = new Bundle();
    box.write("trap 'exit 3' TERM; echo ready; sleep 1000 & wait");
    const child = Bun.spawn(command(box), { stdin: 'ignore', stdout: 'pipe' });
    await child.stdout.getReader().read();
    child.kill('SIGTERM');
    expect(await child.exited).toBe(3);
  });

  test('oci run passes standard input and output through', () => {
    using box = new Bundle();
    box.write('cat; echo err >&2');
    const result = box.ociWith({ input: 'hello' }, 'run', '-b', box.bundle, box.id);
    expect(result).toMatchObject({ status: 0, stdout: 'hello', stderr: 'err\n' });
  });

  test('oci run hands over preserved descriptors and no others', () => {
    using box = new Bundle();
    box.write('ls /proc/self/fd | head -c 100; readlink /proc/self/fd/3 | head -c 5');
    const other = Bun.spawnSync({
      cmd: [
        'sh',
        '-c',
        'exec 3</etc/hostname 4</etc/hosts; exec "$@"',
        'sh',
        ...command(box, '--preserve-fds', '1'),
      ],
      stdin: 'ignore',
    });
    expect(other.stderr.toString()).toBe('');
    // 0, 1, 2, the preserved one, and the directory that ls itself reads.
    expect(other.stdout.toString()).toBe('0\n1\n2\n3\n4\n/etc/');
  });
});

function command(box: Bundle, ...flags: string[]): string[] {
  return [binary, 'oci', '--root', box.root, 'run', '-b', box.bundle, ...flags, box.id];
}

describe('oci exec', () => {
  test('oci exec runs in the container and ends with the status of its program', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    box.run('-d');
    const exec = (...args: string[]) => box.oci('exec', ...args);
    expect(exec(box.id, 'sh', '-c', 'exit 5').status).toBe(5);
    expect(exec('-e', 'A=b', '--cwd', '/tmp', box.id, 'sh', '-c', 'echo $A $PWD').stdout).toBe(
      'b /tmp\n',
    );
    expect(exec('-u', '1000:1001', '-g', '7', box.id, 'id').stdout.trim()).toBe(
      'uid=1000 gid=1001 groups=7',
    );
    expect(exec(box.id, 'readlink', '/proc/self/ns/pid').stdout).toBe(
      exec(box.id, 'readlink', '/proc/1/ns/pid').stdout,
    );
    expect(exec(box.id, 'cat', '/proc/self/cgroup').stdout).toBe(
      exec(box.id, 'cat', '/proc/1/cgroup').stdout,
    );
    expect(exec(box.id, 'no-such')).toMatchObject({ status: 127 });
    expect(exec(box.id, '/etc/passwd')).toMatchObject({ status: 126 });
    expect(exec('--cwd', '/no', box.id, 'true').stderr).toContain('chdir to cwd ("/no")');
    expect(exec('-u', '4294967296', box.id, 'true').stderr).toContain('--user');
    expect(existsSync(join(box.root, box.id, 'plan'))).toBe(false);
  });

  test('oci exec takes a process document', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    box.run('-d');
    const file = join(box.directory, 'process.json');
    const env = ['PATH=/bin', 'X=y'];
    writeFileSync(
      file,
      JSON.stringify({
        cwd: '/',
        args: ['sh', '-c', 'echo $X; id -u'],
        env,
        user: { uid: 3, gid: 3 },
      }),
    );
    expect(box.oci('exec', '-p', file, box.id).stdout).toBe('y\n3\n');
    writeFileSync(file, JSON.stringify({ cwd: '/', args: 'sh' }));
    expect(box.oci('exec', '-p', file, box.id).stderr).toContain('process.args: expected an array');
  });

  test('oci exec refuses a stopped and a paused container', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    box.run('-d');
    const { pid } = box.state();
    expect(box.oci('pause', box.id)).toMatchObject({ status: 0 });
    expect(box.state().status).toBe('paused');
    expect(box.oci('exec', box.id, 'true').stderr).toContain('paused container');
    expect(box.oci('resume', box.id)).toMatchObject({ status: 0 });
    expect(box.oci('exec', box.id, 'true').status).toBe(0);
    box.oci('kill', box.id, '9');
    waitForEnd(pid);
    expect(box.oci('exec', box.id, 'true').stderr).toContain('cannot exec in a stopped container');
  });
});

describe('oci list, ps, features', () => {
  test('oci list and ps tell of the containers of the root', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    box.run('-d');
    const { pid } = box.state();
    expect(box.oci('list', '-q').stdout).toBe(`${box.id}\n`);
    expect(JSON.parse(box.oci('list', '-f', 'json').stdout)).toMatchObject([
      { id: box.id, pid, status: 'running', owner: 'root' },
    ]);
    expect(box.oci('list').stdout.split('\n')[0]).toMatch(
      /^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/,
    );
    expect(JSON.parse(box.oci('ps', '-f', 'json', box.id).stdout)).toEqual([pid]);
    expect(box.oci('ps', box.id).stdout).toContain('sleep 1000');
  });

  test('oci features is a document of the specification', () => {
    using box = new Bundle();
    const features = JSON.parse(box.oci('features').stdout);
    expect(features).toMatchObject({ ociVersionMin: '1.0.0', ociVersionMax: '1.3.0' });
    for (const word of ['rro', 'ridmap', 'tmpcopyup']) {
      expect(features.mountOptions).toContain(word);
    }
    expect(features.linux).toMatchObject({
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    });
    expect(features.linux.memoryPolicy.modes).toContain('MPOL_WEIGHTED_INTERLEAVE');
  });

  test('oci update changes a limit of the running container', () => {
    using box = new Bundle();
    box.write('sleep 1000', (config) => {
      config.linux.resources.pids = { limit: 100 };
    });
    box.run('-d');
    expect(box.oci('update', '--pids-limit', '33', box.id)).toMatchObject({
      status: 0,
      stderr: '',
    });
    const read = box.oci(
      'exec',
      box.id,
      'sh',
      '-c',
      'cat /sys/fs/cgroup/pids/pids.max || cat /sys/fs/cgroup/pids.max',
    );
    expect(read.stdout).toBe('33\n');
  });
});
