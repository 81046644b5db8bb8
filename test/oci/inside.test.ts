/** What a container sees of itself, as its configuration says. */

import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, binary, type Config, run } from './harness.ts';

/** The lines that `script` prints in a container of the default configuration as `change` leaves it. */
function inside(script: string, change?: (config: Config, box: Bundle) => void): string[] {
  using box = new Bundle();
  box.write(script, (config) => change?.(config, box));
  const result = box.run();
  expect(result.stderr).toBe('');
  return result.stdout.trimEnd().split('\n');
}

function statusLines(names: string, change?: (config: Config) => void): Record<string, string> {
  const lines = inside(`grep -E '^(${names}):' /proc/self/status`, change);
  return Object.fromEntries(lines.map((line) => line.split(':\t') as [string, string]));
}

describe('the process of oci run', () => {
  test('oci run gives exactly the five capability sets', () => {
    const sets = (config: Config) => {
      config.process.capabilities = {
        bounding: ['CAP_KILL', 'CAP_CHOWN', 'CAP_NET_RAW'],
        permitted: ['CAP_KILL', 'CAP_CHOWN'],
        effective: ['CAP_KILL'],
        inheritable: ['CAP_CHOWN', 'CAP_KILL'],
        ambient: ['CAP_CHOWN'],
      };
      config.process.user = { uid: 1000, gid: 1000 };
    };
    // A user who is not root keeps across execve what is ambient.
    expect(statusLines('CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs', sets)).toEqual({
      CapInh: '0000000000000021',
      CapPrm: '0000000000000001',
      CapEff: '0000000000000001',
      CapBnd: '0000000000002021',
      CapAmb: '0000000000000001',
      NoNewPrivs: '1',
    });
  });

  test('oci run without capabilities gives none', () => {
    const none = statusLines('CapPrm|CapEff|CapBnd|CapInh', (config) => {
      delete config.process.capabilities;
    });
    expect(new Set(Object.values(none))).toEqual(new Set(['0000000000000000']));
  });

  test('oci run sets user, groups, umask, limits, directory and environment', () => {
    const lines = inside('id; umask; ulimit -Sn; ulimit -Hn; pwd; echo $A; hostname', (config) => {
      config.process.user = { uid: 5, gid: 6, additionalGids: [7, 8], umask: 0o027 };
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 50, hard: 60 }];
      config.process.cwd = '/made/for/it';
      config.process.env.push('A=a b');
      config.hostname = 'somewhere';
    });
    expect(lines).toEqual([
      'uid=5 gid=6 groups=7,8',
      '0027',
      '50',
      '60',
      '/made/for/it',
      'a b',
      'somewhere',
    ]);
  });

  test('oci run sets the oom score and sysctls of its namespaces', () => {
    const script =
      'cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni';
    const lines = inside(script, (config) => {
      config.process.oomScoreAdj = 321;
      config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '99' };
    });
    expect(lines).toEqual(['321', '1', '99']);
  });

  test('oci run loads seccomp, with and without new privileges', () => {
    for (const noNewPrivileges of [true, false]) {
      const lines = inside("mkdir /tmp/x 2>&1; grep '^Seccomp:' /proc/self/status", (config) => {
        config.process.noNewPrivileges = noNewPrivileges;
        config.root.readonly = false;
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          architectures: ['SCMP_ARCH_X86_64'],
          syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
        };
      });
      expect(lines).toEqual([
        "mkdir: can't create directory '/tmp/x': No space left on device",
        'Seccomp:\t2',
      ]);
    }
  });

  test('oci run leaves no descriptor of its own open', () => {
    expect(inside('ls /proc/self/fd')).toEqual(['0', '1', '2', '3']);
  });
});

describe('the standard streams of oci run', () => {
  test('oci run puts streams on a null device onto the own one of the container', () => {
    using box = new Bundle();
    box.write('[ /proc/self/fd/0 -ef /dev/null ] && echo own');
    expect(box.run()).toMatchObject({ status: 0, stdout: 'own\n' });
  });
});

describe('the file system of oci run', () => {
  test('oci run makes the default devices and links', () => {
    const names = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
    const script = `stat -c '%n %t:%T %a' ${names.map((name) => `/dev/${name}`).join(' ')}; for link in fd ptmx core; do readlink /dev/$link; done`;
    expect(inside(`${script}; echo x > /dev/null && echo ok`)).toEqual([
      '/dev/null 1:3 666',
      '/dev/zero 1:5 666',
      '/dev/full 1:7 666',
      '/dev/random 1:8 666',
      '/dev/urandom 1:9 666',
      '/dev/tty 5:0 666',
      '/proc/self/fd',
      'pts/ptmx',
      '/proc/kcore',
      'ok',
    ]);
  });

  test('oci run makes devices of the configuration', () => {
    const lines = inside("stat -c '%F %t:%T %a %u:%g' /dev/fuse /dev/pipe", (config) => {
      config.linux.devices = [
        { type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o640, uid: 3, gid: 4 },
        { type: 'p', path: '/dev/pipe', fileMode: 0o600 },
      ];
    });
    expect(lines).toEqual(['character special file a:e5 640 3:4', 'fifo 0:0 600 0:0']);
  });

  test('oci run masks paths and makes others read-only', () => {
    const script =
      'wc -c < /proc/timer_list; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/printk_delay; touch /x; echo end';
    using box = new Bundle();
    box.write(script);
    const { stdout, stderr } = box.run();
    expect(stdout.split('\n')).toEqual(['0', '0', 'end', '']);
    expect(stderr.match(/Read-only file system/g)?.length).toBe(2);
  });

  test('oci run shows only its own mounts, and its own control groups', () => {
    const lines = inside(
      'cat /proc/self/cgroup; ls /sys/fs/cgroup | wc -l; cat /proc/self/mountinfo',
    );
    expect(lines.filter((line) => /^\d+:/.test(line)).every((line) => line.endsWith(':/'))).toBe(
      true,
    );
    const mounts = lines.filter((line) => line.includes(' - '));
    expect(mounts.filter((line) => line.includes('bundle')).length).toBe(1);
  });

  test('oci run binds with every attribute', () => {
    const lines = inside(
      'grep -E " /(ro|all|copy) " /proc/self/mountinfo; ls /copy; touch /copy/x; touch /ro/x 2>&1',
      (config, box) => {
        const source = join(box.directory, 'source');
        mkdirSync(join(source, 'below'), { recursive: true });
        mkdirSync(join(box.rootfs, 'copy'));
        writeFileSync(join(box.rootfs, 'copy/kept'), '');
        config.mounts.push(
          { destination: '/ro', source, type: 'bind', options: ['rbind', 'ro', 'rprivate'] },
          {
            destination: '/all',
            source,
            options: ['bind', 'nosuid', 'nodev', 'noexec', 'noatime', 'rro', 'rshared'],
          },
          {
            destination: '/copy',
            type: 'tmpfs',
            source: 'tmpfs',
            options: ['tmpcopyup', 'size=1m', 'nosuid'],
          },
        );
      },
    );
    const [ro, all, copy, ...rest] = lines;
    expect(ro).toMatch(/ \/ro ro,/);
    expect(all).toMatch(/ \/all ro,nosuid,nodev,noexec,noatime shared:\d+/);
    expect(copy).toMatch(/ \/copy rw,nosuid,relatime - tmpfs tmpfs rw,size=1024k/);
    expect(rest).toEqual(['kept', 'touch: /ro/x: Read-only file system']);
  });

  test('oci run follows rootfsPropagation, also on a shared mount of the host', () => {
    for (const [propagation, shown] of [
      ['rshared', / \/ \S+ shared:\d+ - /],
      ['rslave', / \/ \S+ (master:\d+ )?- /],
      ['rprivate', / \/ \S+ - /],
      ['unbindable', / \/ \S+ unbindable - /],
    ] as const) {
      using box = new Bundle();
      box.write('head -n 1 /proc/self/mountinfo', (config) => {
        config.linux.rootfsPropagation = propagation;
      });
      // In a mount namespace of its own, whose mounts are all shared, as systemd leaves a machine's.
      const script = `mount --make-rshared / && mount --bind ${box.directory} ${box.directory} && exec "$@"`;
      const command = [binary, 'oci', '--root', box.root, 'run', '-b', box.bundle, box.id];
      const result = run(['unshare', '-m', 'sh', '-c', script, 'sh', ...command]);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      expect(result.stdout).toMatch(shown);
      expect(box.left()).toEqual([]);
    }
  });

  test('oci run keeps a mount inside of a link in the image inside of the root', () => {
    using box = new Bundle();
    mkdirSync(join(box.directory, 'source'));
    writeFileSync(join(box.directory, 'source/file'), 'bound');
    const outside = join(box.directory, 'outside');
    mkdirSync(outside);
    Bun.spawnSync({ cmd: ['ln', '-s', outside, join(box.rootfs, 'link')] });
    box.write('cat /link/place/file', (config) => {
      const source = join(box.directory, 'source');
      config.mounts.push({ destination: '/link/place', source, options: ['bind'] });
      config.root.readonly = false;
    });
    expect(box.run()).toMatchObject({ stdout: 'bound', status: 0 });
    expect(statSync(outside).nlink).toBe(2);
  });

  test('oci run refuses a working directory behind a magic link', () => {
    for (const fd of [3, 4, 5, 6, 7]) {
      using box = new Bundle();
      box.write('pwd', (config) => {
        config.process.cwd = `/proc/self/fd/${fd}`;
      });
      expect(box.run().status).toBe(1);
    }
  });
});

describe('the namespaces of oci run', () => {
  test('oci run makes the namespaces that are listed and shares the others', () => {
    const own = ['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup'];
    const ids = inside(own.map((name) => `readlink /proc/self/ns/${name}`).join(';'));
    const hosts = own.map((name) =>
      Bun.spawnSync({ cmd: ['readlink', `/proc/self/ns/${name}`] })
        .stdout.toString()
        .trim(),
    );
    for (const [index, id] of ids.entries()) expect(id).not.toBe(hosts[index] ?? '');

    const shared = inside('readlink /proc/self/ns/net', (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(
        ({ type }: { type: string }) => type !== 'network',
      );
    });
    expect(shared).toEqual([hosts[1] ?? '']);
  });

  test('oci run joins namespaces by path', () => {
    using first = new Bundle();
    first.write('exec sleep 1000');
    first.run('-d');
    const { pid } = first.state();
    const names = { network: 'net', ipc: 'ipc', uts: 'uts', pid: 'pid' } as const;
    const script = Object.values(names)
      .map((name) => `readlink /proc/self/ns/${name}`)
      .join(';');
    const lines = inside(`${script}; hostname`, (config) => {
      delete config.hostname;
      for (const namespace of config.linux.namespaces) {
        const file = names[namespace.type as keyof typeof names];
        if (file !== undefined) namespace.path = `/proc/${pid}/ns/${file}`;
      }
    });
    const expected = Object.values(names).map((name) =>
      first.oci('exec', first.id, 'readlink', `/proc/1/ns/${name}`).stdout.trim(),
    );
    expect(lines).toEqual([...expected, 'tiffin']);
  });

  test('oci run gives a new network namespace its loop-back', () => {
    expect(inside('ip -o link')[0]).toContain('lo: <LOOPBACK,UP,LOWER_UP>');
  });

  test('oci run shifts the clocks of a time namespace', () => {
    const [line = ''] = inside('cat /proc/uptime', (config) => {
      config.linux.namespaces.push({ type: 'time' });
      config.linux.timeOffsets = { boottime: { secs: 1000000 } };
    });
    expect(Number(line.split(' ')[0])).toBeGreaterThan(1_000_000);
  });

  test('oci run maps the ids of a user namespace, and exec enters it', () => {
    using box = new Bundle();
    box.write('cat /proc/self/uid_map; exec sleep 1000', (config) => {
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
      config.process.user = { uid: 1, gid: 2 };
    });
    expect(box.run('-d')).toMatchObject({ status: 0, stderr: '' });
    const status = readFileSync(`/proc/${box.state().pid}/status`, 'utf8');
    expect(status).toContain('Uid:\t100001\t');
    expect(status).toContain('Gid:\t200002\t');
    const exec = box.oci(
      'exec',
      '-u',
      '0:0',
      box.id,
      'sh',
      '-c',
      'id; cat /proc/self/uid_map; echo x > /dev/null; echo $?',
    );
    expect(exec.stderr).toBe('');
    expect(exec.stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'uid=0(root) gid=0',
      '0 100000 65536',
      '0',
      '',
    ]);
  });
});

describe('the hooks of oci', () => {
  test('oci runs hooks in order, in the right namespaces, with the state on standard input', () => {
    using box = new Bundle();
    const log = join(box.directory, 'log');
    mkdirSync(log);
    const hook = (name: string) => [
      {
        path: '/bin/sh',
        args: [
          'sh',
          '-c',
          `{ echo ${name}; readlink /proc/self/ns/net; cat; echo; } >> ${log}/all`,
        ],
        env: ['PATH=/bin:/usr/bin'],
      },
    ];
    box.write('sleep 1000', (config) => {
      config.annotations = { key: 'va"lue' };
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      config.root.readonly = false;
      const points = [
        'prestart',
        'createRuntime',
        'createContainer',
        'startContainer',
        'poststart',
        'poststop',
      ];
      config.hooks = Object.fromEntries(points.map((name) => [name, hook(name)]));
    });
    expect(box.create()).toMatchObject({ status: 0, stderr: '' });
    const { pid } = box.state();
    const text = () => readFileSync(join(log, 'all'), 'utf8');
    expect(text().match(/^[a-zA-Z]+$/gm)).toEqual(['prestart', 'createRuntime', 'createContainer']);
    expect(box.oci('start', box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(box.oci('delete', '--force', box.id)).toMatchObject({ status: 0, stderr: '' });
    const lines = text().trim().split('\n');
    const own = Bun.spawnSync({ cmd: ['readlink', '/proc/self/ns/net'] })
      .stdout.toString()
      .trim();
    const seen = [];
    for (let at = 0; at < lines.length; at += 3) {
      const state = JSON.parse(lines[at + 2] ?? '');
      expect(state).toMatchObject({
        id: box.id,
        bundle: box.bundle,
        annotations: { key: 'va"lue' },
      });
      seen.push([lines[at], lines[at + 1] === own, state.status, state.pid]);
    }
    expect(seen).toEqual([
      ['prestart', true, 'created', pid],
      ['createRuntime', true, 'created', pid],
      ['createContainer', false, 'created', 1],
      ['startContainer', false, 'created', 1],
      ['poststart', true, 'running', pid],
      ['poststop', true, 'stopped', 0],
    ]);
  });

  test('oci create fails with a hook, tells its words, and leaves nothing', () => {
    for (const point of ['prestart', 'createContainer']) {
      using box = new Bundle();
      box.write('true', (config) => {
        config.hooks = {
          [point]: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no luck >&2; exit 3'] }],
        };
      });
      expect(box.create().stderr).toMatch(/error running hook .*exit status 3: no luck/);
      expect(box.left()).toEqual([]);
    }
  });
});

describe('the terminal of oci', () => {
  test('oci create hands the master of a new terminal to the console socket', async () => {
    using box = new Bundle();
    box.write('stty size; tty; test -c /dev/console && echo console', (config) => {
      config.process.terminal = true;
      config.process.consoleSize = { height: 33, width: 44 };
    });
    const socket = join(box.directory, 'console');
    // Python, because Bun's sockets do not take descriptors.
    const receiver = Bun.spawn({
      cmd: [
        'python3',
        '-c',
        [
          'import socket,os,sys',
          's=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); print("ready",flush=True)',
          'c,_=s.accept(); m,f,_,_=socket.recv_fds(c,4096,1); print(m.decode(),flush=True)',
          'd=b""',
          'while True:',
          '  try: b=os.read(f[0],4096)',
          '  except OSError: break',
          '  if not b: break',
          '  d+=b',
          'print(d.decode().replace("\\r",""),end="")',
        ].join('\n'),
        socket,
      ],
      stdout: 'pipe',
    });
    const reader = receiver.stdout.getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('\n')) text += decoder.decode((await reader.read()).value);
    expect(text).toBe('ready\n');
    expect(box.run('-d', '--console-socket', socket)).toMatchObject({ status: 0, stderr: '' });
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      text += decoder.decode(chunk.value);
    }
    expect(text.split('\n').slice(2)).toEqual(['33 44', '/dev/pts/0', 'console', '']);
  });

  test('oci create with a terminal wants a console socket', () => {
    using box = new Bundle();
    box.write('true', (config) => {
      config.process.terminal = true;
    });
    expect(box.create().stderr).toContain('without setting console socket');
    expect(box.left()).toEqual([]);
  });
});
