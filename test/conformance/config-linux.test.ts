/** config-linux.md: namespaces, devices, control groups, paths and filters. */

import { expect } from 'bun:test';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Config } from '../oci/harness.ts';
import { printed, refused, requirement } from './runtime.ts';

const TYPES = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
};

requirement(
  'namespaces: those in the list are new, the others are the ones of the runtime',
  (bundle) => {
    for (const chosen of [['mount'], Object.keys(TYPES)]) {
      const script = Object.values(TYPES)
        .map((file) => `readlink /proc/self/ns/${file}`)
        .join('; ');
      const out = printed(bundle, script, (config) => {
        config.linux.namespaces = chosen.map((type) => ({ type }));
        config.hostname = undefined;
        config.linux.maskedPaths = config.linux.readonlyPaths = [];
        config.mounts = config.mounts.filter((each: { type: string }) => each.type === 'proc');
      });
      const lines = out.split('\n');
      for (const [index, [type, file]] of Object.entries(TYPES).entries()) {
        expect([type, lines[index] !== readlinkSync(`/proc/self/ns/${file}`)]).toEqual([
          type,
          chosen.includes(type),
        ]);
      }
    }
  },
);

requirement('namespaces: a path joins the namespace of another process', (bundle) => {
  const holder = Bun.spawn(
    ['unshare', '--net', '--uts', 'sh', '-c', 'echo ready; exec sleep 1000'],
    { stdout: 'pipe' },
  );
  try {
    const inside = () => readlinkSync(`/proc/${holder.pid}/ns/net`);
    const end = Date.now() + 20_000;
    while (inside() === readlinkSync('/proc/self/ns/net') && Date.now() < end) Bun.sleepSync(5);
    const out = printed(bundle, 'readlink /proc/self/ns/net', (config) => {
      const net = config.linux.namespaces.find((each: { type: string }) => each.type === 'network');
      net.path = `/proc/${holder.pid}/ns/net`;
    });
    expect(out).toBe(inside());
  } finally {
    holder.kill();
  }
});

requirement(
  'namespaces: a path of another type, a duplicate or an unknown type must be an error',
  (bundle) => {
    const wrong: ((namespaces: Config[]) => void)[] = [
      (list) => (list.find(({ type }) => type === 'network').path = '/proc/self/ns/ipc'),
      (list) => list.push({ type: 'pid' }),
      (list) => list.push({ type: 'no-such' }),
    ];
    for (const change of wrong) refused(bundle, (config) => change(config.linux.namespaces));
  },
  { crun: 'takes a duplicate' },
);

requirement('uidMappings and gidMappings: map the ids of the container', (bundle) => {
  const out = printed(bundle, 'id -u; cat /proc/self/uid_map /proc/self/gid_map', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    const mapping = [{ containerID: 0, hostID: 100000, size: 1000 }];
    config.linux.uidMappings = config.linux.gidMappings = mapping;
  });
  expect(out.split(/\s+/).join(' ')).toBe('0 0 100000 1000 0 100000 1000');
});

requirement(
  'timeOffsets: shift the clocks of a time namespace',
  (bundle) => {
    const out = printed(bundle, 'cat /proc/uptime', (config) => {
      config.linux.namespaces.push({ type: 'time' });
      config.linux.timeOffsets = { boottime: { secs: 1_000_000_000 } };
    });
    expect(Number.parseFloat(out)).toBeGreaterThan(1_000_000_000);
  },
  { runc: 'not in this version', crun: 'not in this version' },
);

requirement('default devices: exist with their numbers', (bundle) => {
  const names = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
  const out = printed(
    bundle,
    `cd /dev && stat -c '%n %t:%T' ${names.join(' ')}; readlink fd; readlink ptmx`,
  );
  expect(out.split('\n')).toEqual([
    ...['null 1:3', 'zero 1:5', 'full 1:7', 'random 1:8', 'urandom 1:9', 'tty 5:0'],
    ...['/proc/self/fd', 'pts/ptmx'],
  ]);
});

requirement('devices: are made with type, numbers, mode and owner', (bundle) => {
  const out = printed(bundle, "stat -c '%F %t:%T %a %u:%g' /dev/extra", (config) => {
    const device = {
      path: '/dev/extra',
      type: 'c',
      major: 10,
      minor: 229,
      fileMode: 0o640,
      uid: 3,
      gid: 4,
    };
    config.linux.devices = [device];
  });
  expect(out).toBe('character special file a:e5 640 3:4');
});

requirement('maskedPaths: cannot be read', (bundle) => {
  const out = printed(bundle, 'cat /secret; ls /hidden | wc -l', (config) => {
    writeFileSync(join(bundle.rootfs, 'secret'), 'told\n');
    mkdirSync(join(bundle.rootfs, 'hidden/inner'), { recursive: true });
    config.linux.maskedPaths = ['/secret', '/hidden', '/not/there'];
  });
  expect(out).toBe('0');
});

requirement('readonlyPaths: cannot be written', (bundle) => {
  const out = printed(bundle, 'touch /data/x 2>/dev/null || echo refused', (config) => {
    config.root.readonly = false;
    config.linux.readonlyPaths = ['/data', '/not/there'];
  });
  expect(out).toBe('refused');
});

requirement('sysctl: is set in the namespaces of the container', (bundle) => {
  const out = printed(
    bundle,
    'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni',
    (config) => {
      config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '77' };
    },
  );
  expect(out).toBe('1\n77');
});

requirement('seccomp: errnoRet is the error of a refused call', (bundle) => {
  const out = printed(bundle, 'mkdir /tmp/x 2>&1 || true', (config) => {
    config.root.readonly = false;
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
    };
  });
  expect(out).toContain('not supported');
});

requirement(
  'seccomp: a profile that refuses what only the set-up needs does not hinder the set-up',
  (bundle) => {
    const names = ['openat2', 'setresuid', 'setgroups', 'setgid', 'setuid', 'fchdir', 'umask'];
    const out = printed(bundle, 'grep ^Seccomp: /proc/self/status', (config) => {
      config.process.noNewPrivileges = true;
      config.process.user = { uid: 5, gid: 5 };
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }],
      };
    });
    expect(out).toBe('Seccomp:\t2');
  },
);

const limit = (bundle: Bundle, controller: string, file: string, resources: Config) =>
  printed(
    bundle,
    `cat /sys/fs/cgroup/${controller}/${file}`,
    (config) => (config.linux.resources = resources),
  );

requirement('resources: pids, memory, cpu and cpuset are set in the control group', (bundle) => {
  expect(limit(bundle, 'pids', 'pids.max', { pids: { limit: 77 } })).toBe('77');
  const memory = { memory: { limit: 64 << 20, reservation: 32 << 20 } };
  expect(limit(bundle, 'memory', 'memory.limit_in_bytes', memory)).toBe(String(64 << 20));
  expect(limit(bundle, 'memory', 'memory.soft_limit_in_bytes', memory)).toBe(String(32 << 20));
  const cpu = { cpu: { shares: 512, quota: 20_000, period: 50_000, cpus: '0' } };
  expect(limit(bundle, 'cpu', 'cpu.shares', cpu)).toBe('512');
  expect(limit(bundle, 'cpu', 'cpu.cfs_quota_us', cpu)).toBe('20000');
  expect(limit(bundle, 'cpuset', 'cpuset.cpus', cpu)).toBe('0');
});

requirement('resources.devices: a device that is denied cannot be opened', (bundle) => {
  const out = printed(bundle, 'cat /dev/extra 2>&1; head -c 1 /dev/zero | wc -c', (config) => {
    config.linux.devices = [
      { path: '/dev/extra', type: 'c', major: 10, minor: 229, fileMode: 0o666 },
    ];
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
  });
  expect(out).toContain('Operation not permitted');
  expect(out).toEndWith('1');
});

requirement(
  'rootfsPropagation: is that of the root',
  (bundle) => {
    for (const [kind, mark] of [
      ['shared', 'shared:'],
      ['private', ''],
      ['unbindable', 'unbindable'],
    ] as const) {
      const line = printed(
        bundle,
        "grep ' / / ' /proc/self/mountinfo || grep ' /[^ ]* / ' /proc/self/mountinfo",
        (config) => {
          config.linux.rootfsPropagation = kind;
        },
      );
      expect(line.split(' - ')[0]).toContain(mark);
      if (mark === '') expect(line).not.toMatch(/shared:|master:|unbindable/);
    }
  },
  { runc: 'leaves a shared root private when the mount of its bundle is private' },
);

requirement(
  'personality: changes the architecture that uname tells',
  (bundle) => {
    const out = printed(
      bundle,
      'busybox uname -m',
      (config) => (config.linux.personality = { domain: 'LINUX32' }),
    );
    expect(out).toBe('i686');
  },
  { runc: 'not in this version' },
);

requirement(
  'mount options rro: read-only with every mount below',
  (bundle) => {
    const options = ['rbind', 'rro'];
    const out = printed(bundle, 'touch /data/inner/x 2>/dev/null || echo refused', (config) => {
      config.mounts.push(
        { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
        { destination: '/data', type: 'bind', source: '/dev', options },
      );
      config.process.args[2] = 'touch /data/shm/x 2>/dev/null || echo refused';
    });
    expect(out).toBe('refused');
  },
  {},
);
