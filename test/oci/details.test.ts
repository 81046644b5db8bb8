/** Devices, propagation, keys, capabilities and other details of a configuration, as the container sees them. */

import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, binary, type Config, run } from './harness.ts';

function inside(
  script: string,
  change: (config: Config, box: Bundle) => void,
  ...flags: string[]
): string[] {
  using box = new Bundle();
  box.write(script, (config) => change(config, box));
  const result = box.run(...flags);
  expect(result.stderr).toBe('');
  return result.stdout.trimEnd().split('\n');
}

function refusal(change: (config: Config, box: Bundle) => void): string {
  using box = new Bundle();
  box.write('true', (config) => change(config, box));
  const { status, stderr } = box.run();
  expect(status).not.toBe(0);
  expect(box.left()).toEqual([]);
  return stderr;
}

const userNamespace = (config: Config) => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

describe('devices of oci run', () => {
  const numbers = "stat -c '%F %t:%T %a %u:%g'";

  test('oci run makes block, unbuffered and fifo nodes anywhere, also where a default one would be', () => {
    const lines = inside(`${numbers} /dev/disk /made/for/it /dev/pipe /dev/null`, (config) => {
      config.root.readonly = false;
      config.linux.devices = [
        { type: 'b', path: '/dev/disk', major: 7, minor: 300, fileMode: 0o640, uid: 1, gid: 2 },
        { type: 'u', path: '/made/for/it', major: 1, minor: 5 },
        { type: 'p', path: '/dev/pipe', fileMode: 0o622 },
        { type: 'c', path: '/dev/null', major: 1, minor: 3, fileMode: 0o600 },
      ];
    });
    expect(lines).toEqual([
      'block special file 7:12c 640 1:2',
      'character special file 1:5 666 0:0',
      'fifo 0:0 622 0:0',
      'character special file 1:3 600 0:0',
    ]);
  });

  test('oci run refuses a device whose place another file has, and takes the same one', () => {
    const zero = { type: 'c', path: '/zero', major: 1, minor: 5 };
    expect(
      refusal((config, box) => {
        writeFileSync(join(box.rootfs, 'zero'), '');
        config.linux.devices = [zero];
      }),
    ).toContain('/zero');
    const lines = inside(`${numbers} /zero`, (config, box) => {
      run(['mknod', '-m', '600', join(box.rootfs, 'zero'), 'c', '1', '5']);
      config.linux.devices = [zero];
    });
    expect(lines[0]).toStartWith('character special file 1:5');
  });

  test('oci run binds the nodes of the host where a user namespace may make none', () => {
    const lines = inside(`${numbers} /dev/null /dev/fuse; echo x > /dev/null`, (config) => {
      userNamespace(config);
      config.linux.devices = [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229 }];
    });
    expect(lines.map((line) => line.split(' ')[3])).toEqual(['1:3', 'a:e5']);
  });
});

describe('mounts of oci run', () => {
  test('oci run gives a mount each kind of propagation', () => {
    const kinds: [string, RegExp][] = [
      ['shared', /^rw\S* shared:\d+$/],
      ['rshared', /^rw\S* shared:\d+$/],
      ['slave', /^rw\S*( master:\d+)?$/],
      ['rslave', /^rw\S*( master:\d+)?$/],
      ['private', /^rw\S*$/],
      ['rprivate', /^rw\S*$/],
      ['unbindable', /^rw\S* unbindable$/],
      ['runbindable', /^rw\S* unbindable$/],
    ];
    const lines = inside("grep ' /m/' /proc/self/mountinfo", (config, box) => {
      mkdirSync(join(box.directory, 'source'));
      for (const [kind] of kinds) {
        config.mounts.push({
          destination: `/m/bind-${kind}`,
          source: join(box.directory, 'source'),
          options: ['rbind', kind],
        });
        config.mounts.push({ destination: `/m/new-${kind}`, type: 'tmpfs', options: [kind] });
      }
    });
    for (const [kind, expected] of kinds) {
      for (const path of [`/m/bind-${kind}`, `/m/new-${kind}`]) {
        const fields = lines.find((line) => line.split(' ')[4] === path)?.split(' ') ?? [];
        expect([path, fields.slice(5, fields.indexOf('-')).join(' ')]).toEqual([
          path,
          expect.stringMatching(expected),
        ]);
      }
    }
  });

  test('oci run masks and seals what is there, and passes over what is not', () => {
    const script =
      'cat /secret; ls /hidden | wc -l; cat /link; touch /sealed/x /plain/x; touch /sub/x && echo wrote';
    using box = new Bundle();
    for (const name of ['hidden', 'sealed', 'plain', 'sub']) mkdirSync(join(box.rootfs, name));
    writeFileSync(join(box.rootfs, 'secret'), 'secret\n');
    writeFileSync(join(box.rootfs, 'behind'), 'behind\n');
    writeFileSync(join(box.rootfs, 'hidden/file'), '');
    symlinkSync('behind', join(box.rootfs, 'link'));
    box.write(script, (config) => {
      config.root.readonly = true;
      config.mounts.push({ destination: '/sub', type: 'tmpfs' });
      config.linux.maskedPaths = ['/secret', '/hidden', '/link', '/no/such', '/secret/below'];
      config.linux.readonlyPaths = ['/sealed', '/no/such'];
    });
    const { stdout, stderr } = box.run();
    // A read-only root leaves the mounts below it as they are.
    expect(stdout).toBe('0\nwrote\n');
    expect(stderr).toContain('/sealed/x: Read-only file system');
    expect(stderr).toContain('/plain/x: Read-only file system');
  });

  test('oci run refuses labels that the kernel has no module for', () => {
    expect(refusal((config) => (config.process.selinuxLabel = 'a:b:c'))).toContain(
      'process.selinuxLabel',
    );
    expect(refusal((config) => (config.process.apparmorProfile = 'x'))).toContain(
      'process.apparmorProfile',
    );
  });
});

test('oci run warns of a label for mounts that the kernel has no module for, and goes on', () => {
  using box = new Bundle().write('echo ran', (config) => (config.linux.mountLabel = 'a:b:c'));
  const { status, stdout, stderr } = box.run();
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'ran\n' });
  expect(stderr).toContain('ignoring linux.mountLabel: SELinux is not enabled in this kernel');
});

describe('the process of oci run, further', () => {
  test('oci run joins a session keyring of its own, unless told not to', () => {
    const change = (config: Config, box: Bundle) => {
      config.linux.maskedPaths = [];
      config.process.args = ['sh', '-c', `grep -c '_ses.${box.id}' /proc/keys; true`];
    };
    expect(inside('', change)).toEqual(['1']);
    expect(inside('', change, '--no-new-keyring')).toEqual(['0']);
  });

  test('oci run warns of capabilities that cannot be granted, and goes on without them', () => {
    using box = new Bundle();
    box.write("grep '^Cap[BP]' /proc/self/status", (config) => {
      const names = ['CAP_KILL', 'CAP_MADE_UP'];
      config.process.capabilities = { bounding: names, permitted: names, effective: names };
    });
    const { status, stdout, stderr } = box.run();
    expect(status).toBe(0);
    expect(stdout).toBe('CapPrm:\t0000000000000020\nCapBnd:\t0000000000000020\n');
    expect(stderr).toContain('ignoring unknown capabilities: CAP_MADE_UP');
    const json = box.oci('--log-format', 'json', 'run', '-b', box.bundle, box.id).stderr;
    expect(JSON.parse(json.trim())).toMatchObject({ level: 'warning' });
  });

  test('oci run warns of capabilities that the caller itself does not have', () => {
    using box = new Bundle();
    box.write("grep '^CapBnd' /proc/self/status", (config) => {
      config.process.capabilities = { bounding: ['CAP_KILL', 'CAP_CHOWN'] };
    });
    const command = ['--root', box.root, 'run', '-b', box.bundle, box.id];
    const result = run([
      'setpriv',
      '--bounding-set=-chown',
      'sh',
      '-c',
      [binary, 'oci', ...command].join(' '),
    ]);
    expect(result.stdout).toBe('CapBnd:\t0000000000000020\n');
    expect(result.stderr).toContain('the caller does not have: CAP_CHOWN');
  });

  test('oci run and exec behave as the personality says', () => {
    using box = new Bundle();
    box.write('busybox uname -m; sleep 1000', (config) => {
      config.linux.personality = { domain: 'LINUX32' };
    });
    expect(box.oci('run', '-d', '-b', box.bundle, box.id)).toMatchObject({ status: 0 });
    expect(box.oci('exec', box.id, 'busybox', 'uname', '-m').stdout).toBe('i686\n');
  });

  test('oci run looks a program up in PATH of its own environment and passes args on as they are', () => {
    const lines = inside('', (config, box) => {
      mkdirSync(join(box.rootfs, 'own'));
      symlinkSync('/bin/busybox', join(box.rootfs, 'own/echo'));
      config.process.env = ['PATH=/nowhere:/own'];
      config.process.args = ['echo', 'a  b', '', '$HOME', '-n'];
    });
    expect(lines).toEqual(['a  b  $HOME -n']);
  });

  test('oci run ignores what is for other systems and keeps what it does not know', () => {
    using box = new Bundle();
    box.write('id; sleep 1000', (config) => {
      config.process.user = { uid: 7, gid: 8, username: 'root' };
      config.process.commandLine = 'calc.exe';
      config.windows = { layerFolders: ['c'] };
      config.later = { field: [1] };
      config.annotations = { 'org.example': 'kept' };
    });
    expect(box.oci('run', '-d', '-b', box.bundle, box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(box.state().annotations).toEqual({ 'org.example': 'kept' });
    const { pid } = box.state();
    const ids = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^[UG]id:\t\d+/gm);
    expect(ids).toEqual(['Uid:\t7', 'Gid:\t8']);
  });

  test('oci run shifts each clock of a time namespace, also with a user namespace', () => {
    const offsets = { boottime: { secs: 86_400, nanosecs: 5 }, monotonic: { secs: -1 } };
    for (const more of [() => undefined, userNamespace]) {
      const lines = inside('cat /proc/self/timens_offsets', (config) => {
        config.linux.namespaces.push({ type: 'time' });
        config.linux.timeOffsets = offsets;
        more(config);
      });
      expect(lines.map((line) => line.trim().split(/\s+/))).toEqual([
        ['monotonic', '-1', '0'],
        ['boottime', '86400', '5'],
      ]);
    }
  });

  test('oci run says why it cannot lower the out-of-memory score without CAP_SYS_RESOURCE', () => {
    using box = new Bundle();
    box.write('cat /proc/self/oom_score_adj', (config) => {
      config.process.oomScoreAdj = 500;
    });
    expect(box.run().stdout).toBe('500\n');
    box.write('true', (config) => {
      config.process.oomScoreAdj = -500;
    });
    const command = ['oci', '--root', box.root, 'run', '-b', box.bundle, box.id];
    const shell = `echo 0 > /proc/self/oom_score_adj; exec ${[binary, ...command].join(' ')}`;
    const result = run(['setpriv', '--bounding-set=-sys_resource', 'sh', '-c', shell]);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain('process.oomScoreAdj: cannot set -500');
    expect(box.left()).toEqual([]);
  });
});
