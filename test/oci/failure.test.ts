/** What cannot work: the words, the exit code, and nothing left behind. */

import { describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config, cgroupsNamed, waitForEnd } from './harness.ts';

interface Case {
  name: string;
  change: (config: Config, box: Bundle) => void;
  status: number;
  says: string;
}

const program =
  (path: string, content: string | Uint8Array, mode = 0o755) =>
  (config: Config, box: Bundle) => {
    writeFileSync(join(box.rootfs, path), content);
    chmodSync(join(box.rootfs, path), mode);
    config.process.args = [path];
  };

/** The head of an ELF file for another machine. */
function foreignProgram(): Uint8Array {
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.set([2, 0, 183, 0, 1], 16);
  return head;
}

const cases: Case[] = [
  {
    name: 'a missing program',
    change: (config) => {
      config.process.args = ['no-such'];
    },
    status: 127,
    says: 'exec: "no-such": executable file not found in $PATH',
  },
  {
    name: 'a missing path',
    change: (config) => {
      config.process.args = ['/no/such'];
    },
    status: 127,
    says: 'exec: "/no/such": stat /no/such: no such file or directory',
  },
  {
    name: 'a missing interpreter',
    change: program('/p', '#!/no/shell\n'),
    status: 127,
    says: '"/no/shell" is not in the image',
  },
  {
    name: 'a file without execute permission',
    change: program('/p', '#!/bin/sh\n', 0o644),
    status: 126,
    says: 'exec: "/p": permission denied',
  },
  {
    name: 'a directory',
    change: (config) => {
      config.process.args = ['/etc'];
    },
    status: 126,
    says: 'exec: "/etc": is a directory',
  },
  {
    name: 'a text that is no program',
    change: program('/p', 'hello'),
    status: 126,
    says: 'exec /p: exec format error',
  },
  {
    name: 'a program of another machine',
    change: program('/p', foreignProgram()),
    status: 126,
    says: 'exec format error: it is made for aarch64',
  },
  {
    name: 'a working directory that is a file',
    change: (config) => {
      config.process.cwd = '/etc/passwd';
    },
    status: 1,
    says: '/etc/passwd',
  },
  {
    name: 'a bind source that is not there',
    change: (config) => {
      config.mounts.push({ destination: '/x', source: '/no/such', options: ['bind'] });
    },
    status: 1,
    says: 'bind source path does not exist: /no/such',
  },
  {
    name: 'an unknown file system',
    change: (config) => {
      config.mounts.push({ destination: '/x', type: 'no-such-fs', source: 'x' });
    },
    status: 1,
    says: 'no such device',
  },
  {
    name: 'a namespace path that is not there',
    change: (config) => {
      config.linux.namespaces[0].path = '/no/such/ns';
    },
    status: 1,
    says: 'cannot join the namespace /no/such/ns',
  },
  {
    name: 'a root that is not there',
    change: (config) => {
      config.root.path = 'absent';
    },
    status: 1,
    says: 'invalid rootfs',
  },
  {
    name: 'a limit that the kernel refuses',
    change: (config) => {
      config.linux.resources.cpu = { cpus: '4000' };
    },
    status: 1,
    says: 'cpuset',
  },
  {
    name: 'a field of a wrong type',
    change: (config) => {
      config.linux.resources.memory = { limit: 'x' };
    },
    status: 1,
    says: 'linux.resources.memory.limit: expected an integer, got "x"',
  },
  {
    name: '.. in the cgroup path',
    change: (config) => {
      config.linux.cgroupsPath = '/a/../../b';
    },
    status: 1,
    says: 'linux.cgroupsPath',
  },
];

describe('oci run with what cannot work', () => {
  for (const { name, change, status, says } of cases) {
    test(`oci run with ${name} ends with ${status} and leaves nothing`, () => {
      using box = new Bundle();
      box.write('true', (config) => change(config, box));
      const log = join(box.directory, 'log');
      const result = box.oci('--log', log, '--log-format', 'json', 'run', '-b', box.bundle, box.id);
      expect(result.stderr).toStartWith('tiffin: ');
      expect(result.stderr).toContain(says);
      expect(result).toMatchObject({ status, stdout: '' });
      const logged = JSON.parse(readFileSync(log, 'utf8'));
      expect(logged).toMatchObject({ level: 'error', time: expect.any(String) });
      expect(logged.msg).toContain(says);
      expect(box.left()).toEqual([]);
    });
  }

  test('oci run refuses config.json that is no JSON, and says where it is', () => {
    using box = new Bundle();
    writeFileSync(join(box.bundle, 'config.json'), '{');
    expect(box.run().stderr).toContain(`${box.bundle}/config.json: `);
  });

  test('oci refuses ids that are no file names', () => {
    using box = new Bundle();
    for (const id of ['..', '.', 'a/b', '', 'x'.repeat(300), 'a b']) {
      expect(box.oci('run', '-b', box.bundle, id).stderr).toMatch(
        /invalid container ID format|container id cannot be empty/,
      );
    }
  });

  test('oci create tells of a missing program itself', () => {
    using box = new Bundle();
    box.write('true', (config) => {
      config.process.args = ['no-such'];
    });
    const result = box.create();
    expect(result).toMatchObject({ status: 127 });
    expect(result.stderr).toContain('exec: "no-such": executable file not found in $PATH');
    expect(box.left()).toEqual([]);
  });

  test('oci start tells why a created container cannot run its program', () => {
    using box = new Bundle();
    box.write('true', (config) => program('/p', '#!/no/shell\n')(config, box));
    expect(box.create()).toMatchObject({ status: 0, stderr: '' });
    const { pid } = box.state();
    const result = box.oci('start', box.id);
    expect(result).toMatchObject({ status: 127 });
    expect(result.stderr).toContain('"/no/shell" is not in the image');
    waitForEnd(pid);
    expect(box.state().status).toBe('stopped');
    expect(box.oci('delete', box.id).status).toBe(0);
    expect(box.left()).toEqual([]);
  });
});

/** A plan with most kinds of steps. */
function everything(box: Bundle): void {
  const hook = [{ path: '/bin/true' }];
  box.write('true', (config) => {
    config.hooks = {
      prestart: hook,
      createRuntime: hook,
      createContainer: hook,
      startContainer: hook,
    };
    config.mounts.push({
      destination: '/data',
      source: '/etc',
      options: ['rbind', 'ro', 'rprivate'],
    });
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.resources.pids = { limit: 50 };
  });
}

describe('a step that fails', () => {
  test('oci run leaves nothing whichever step before the end fails', () => {
    using box = new Bundle();
    everything(box);
    let step = 0;
    for (; step < 400; step += 1) {
      const env = { TIFFIN_FAULT: String(step) };
      const result = box.ociWith(
        { env },
        'run',
        '-b',
        box.bundle,
        '--pid-file',
        join(box.directory, 'pid'),
        box.id,
      );
      if (result.status === 0) break;
      expect(result.stderr).toStartWith('tiffin: ');
      // A full look at the machine costs as much as a run: state and groups each time, the rest below.
      expect([step, ...cgroupsNamed(box.id)]).toEqual([step]);
      expect([step, existsSync(join(box.root, box.id))]).toEqual([step, false]);
      expect([step, existsSync(join(box.directory, 'pid'))]).toEqual([step, false]);
    }
    // From here on the steps are those that clean up, which this test kept from one of theirs.
    expect(step).toBeGreaterThan(90);
    for (const path of cgroupsNamed(box.id)) rmdirSync(path);
    expect(box.left()).toEqual([]);
  }, 60_000);

  test('oci create leaves nothing when a step before the gate fails, and delete clears what fails after it', () => {
    using box = new Bundle();
    everything(box);
    let failedStarts = 0;
    // The last steps of the container's process: around the gate.
    for (let step = 100; step < 160; step += 1) {
      const env = { TIFFIN_FAULT: String(step) };
      const created = box.ociWith({ env }, 'create', '-b', box.bundle, box.id);
      if (created.status === 0) {
        const started = box.oci('start', box.id);
        if (started.status !== 0) failedStarts += 1;
        expect(box.oci('delete', '--force', box.id).status).toBe(0);
        if (failedStarts > 0 && started.status === 0) break;
      }
      expect([step, ...cgroupsNamed(box.id)]).toEqual([step]);
      expect([step, existsSync(join(box.root, box.id))]).toEqual([step, false]);
    }
    // The hook, no_new_privs, and exec.
    expect(failedStarts).toBe(3);
    expect(box.left()).toEqual([]);
  }, 60_000);
});

describe('two at once', () => {
  test('oci create of one id by many callers succeeds once', async () => {
    using box = new Bundle();
    box.write('sleep 1000');
    mkdirSync(box.root, { recursive: true });
    const { binary } = await import('./harness.ts');
    const callers = Array.from(
      { length: 6 },
      () =>
        Bun.spawn({
          cmd: [binary, 'oci', '--root', box.root, 'create', '-b', box.bundle, box.id],
          stdin: 'ignore',
          stdout: 'ignore',
          stderr: 'ignore',
        }).exited,
    );
    const ends = await Promise.all(callers);
    expect(ends.filter((status) => status === 0).length).toBe(1);
    expect(box.state().status).toBe('created');
  });
});
