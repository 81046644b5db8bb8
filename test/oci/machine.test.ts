/** What a container takes from the machine: scheduling, interfaces, mount namespaces. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config, run } from './harness.ts';

function inside(script: string, change: (config: Config, box: Bundle) => void): string[] {
  using box = new Bundle();
  box.write(script, (config) => change(config, box));
  const result = box.run();
  expect(result.stderr).toBe('');
  return result.stdout.trimEnd().split('\n');
}

function refusal(change: (config: Config) => void): string {
  using box = new Bundle();
  box.write('true', change);
  const { status, stderr } = box.run();
  expect(status).not.toBe(0);
  expect(box.left()).toEqual([]);
  return stderr;
}

/** proc_pid_stat(5): 18 priority, 19 nice, 40 real-time priority, 41 policy. */
const stat = (line = '', field: number) => line.slice(line.lastIndexOf(')')).split(' ')[field - 2];

describe('scheduling of oci run', () => {
  test('oci run sets the scheduler', () => {
    const [batch] = inside('cat /proc/self/stat', (config) => {
      config.process.scheduler = { policy: 'SCHED_BATCH', nice: 7 };
    });
    expect([stat(batch, 41), stat(batch, 19)]).toEqual(['3', '7']);
    const [idle] = inside('cat /proc/self/stat', (config) => {
      config.process.scheduler = { policy: 'SCHED_IDLE' };
    });
    expect(stat(idle, 41)).toBe('5');
    const [back] = inside('cat /proc/self/stat; true', (config) => {
      config.process.scheduler = {
        policy: 'SCHED_BATCH',
        nice: -5,
        flags: ['SCHED_FLAG_RESET_ON_FORK'],
      };
    });
    // In a child of the shell the flag has put the nice value back (sched(7)).
    expect([stat(back, 41), stat(back, 19)]).toEqual(['3', '0']);
  });

  test('oci run sets the disk priority', () => {
    const idle = inside('busybox ionice -p $$', (config) => {
      config.process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
    });
    expect(idle).toEqual(['best-effort: prio 6']);
  });

  test('oci run sets the memory policy', () => {
    const [line = ''] = inside('head -n 1 /proc/self/numa_maps', (config) => {
      config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
    });
    expect(line.split(' ')[1]).toBe('bind=static:0');
    expect(
      refusal((config) => {
        config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '63' };
      }),
    ).toContain('cannot set memory policy 2');
  });

  test('oci exec runs on the processors of execCPUAffinity, the container itself does not', () => {
    using box = new Bundle();
    const script = "grep '^Cpus_allowed_list' /proc/self/status; sleep 100";
    box.write(script, (config) => {
      config.process.execCPUAffinity = { initial: '0', final: '0' };
    });
    box.create();
    box.oci('start', box.id);
    const allowed = (...words: string[]) =>
      box.oci('exec', ...words, box.id, 'grep', '^Cpus_allowed_list', '/proc/self/status').stdout;
    expect(allowed()).toBe('Cpus_allowed_list:\t0\n');
    const own = readFileSync(`/proc/${box.state().pid}/status`, 'utf8');
    const here = readFileSync('/proc/self/status', 'utf8');
    const list = (text: string) => /^Cpus_allowed_list:\t(.*)$/m.exec(text)?.[1];
    expect(list(own)).toBe(list(here));
  });

  test('oci run refuses a class of service where there is no resctrl', () => {
    const message = refusal((config) => {
      config.linux.intelRdt = { closID: 'gold' };
    });
    expect(message).toContain('linux.intelRdt: no resctrl file system is mounted on this machine');
  });
});

describe('network devices of oci run', () => {
  const [device, peer] = [`tv${process.pid % 10000}a`, `tv${process.pid % 10000}b`];
  beforeAll(() => {
    run(['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', peer]);
    run(['ip', 'addr', 'add', '192.0.2.7/24', 'dev', device]);
    run(['ip', 'addr', 'add', '192.0.2.8/24', 'dev', device]);
    run(['ip', 'addr', 'add', '169.254.9.9/16', 'scope', 'link', 'dev', device]);
    run(['ip', '-6', 'addr', 'add', '2001:db8::7/64', 'dev', device, 'nodad']);
    run(['ip', 'link', 'set', device, 'mtu', '1400', 'up']);
    run(['ip', 'link', 'set', peer, 'up']);
  });
  afterAll(() => {
    run(['ip', 'link', 'del', peer]);
  });

  test('oci run refuses a device that is not there, or whose name is taken, and moves nothing', () => {
    const asked = (devices: object) => refusal((config) => (config.linux.netDevices = devices));
    expect(asked({ nothere0: {} })).toContain('there is no network device nothere0');
    expect(asked({ [device]: { name: 'lo' } })).toContain('has a network device lo already');
    expect(run(['ip', '-o', 'link', 'show', device]).stdout).toContain(device);
    expect(run(['ip', '-o', 'addr', 'show', device]).stdout).toContain('192.0.2.7/24');
  });

  test('oci run moves a device in by another name, up, with its global addresses', () => {
    const text = inside('busybox ip addr show', (config) => {
      config.linux.netDevices = { [device]: { name: 'inner%d' } };
    }).join('\n');
    expect(text).toContain('inner0');
    expect(text).toMatch(/inner0@?\S*: <[^>]*\bUP\b[^>]*> mtu 1400/);
    for (const address of ['192.0.2.7/24', '192.0.2.8/24', '2001:db8::7/64']) {
      expect(text).toContain(address);
    }
    expect(text).not.toContain('169.254.9.9');
    // A virtual device ends with its network namespace.
    expect(run(['ip', 'link', 'show', device]).status).not.toBe(0);
  });
});

test('oci run sets its root up in a mount namespace that it joins', () => {
  using box = new Bundle();
  const marker = join(box.directory, 'pid');
  const holder = Bun.spawn({
    cmd: [
      'unshare',
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      `echo $$ > ${marker}.new; mv ${marker}.new ${marker}; exec sleep 100`,
    ],
    stdin: 'ignore',
  });
  try {
    run(['sh', '-c', `until [ -e ${marker} ]; do :; done`]);
    const path = `/proc/${readFileSync(marker, 'utf8').trim()}/ns/mnt`;
    const outside = run(['readlink', path]).stdout;
    writeFileSync(join(box.rootfs, 'etc/where'), 'in the root file system\n');
    box.write('readlink /proc/self/ns/mnt; cat /etc/where; ls /proc/1/exe', (config) => {
      for (const namespace of config.linux.namespaces) {
        if (namespace.type === 'mount') namespace.path = path;
      }
    });
    const { stdout, stderr } = box.run();
    expect(stderr).toBe('');
    expect(stdout).toBe(`${outside}in the root file system\n/proc/1/exe\n`);
  } finally {
    holder.kill('SIGKILL');
  }
});
