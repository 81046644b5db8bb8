/**
 * Another machine: Debian's cloud kernel under emulation, with the built binary and busybox as its only user space, and
 * the unified cgroup hierarchy alone. Boots in seconds.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { must, run, tiffinBinary } from '../integration/harness.ts';

/** Of this machine, beside the binary and busybox: what the checks call, with their libraries. */
const programs = ['/usr/bin/setpriv', '/usr/bin/newuidmap', '/usr/bin/newgidmap', '/usr/bin/jq'];

const cache = resolve(import.meta.dir, '../../build/vm');

/** File systems, links and firewall that Debian's kernel has as modules; their dependencies come along. */
const modules = [
  'overlay',
  'veth',
  'bridge',
  'nf_tables',
  'nft_chain_nat',
  'nft_nat',
  'nft_masq',
  'nft_ct',
  'nft_meta_bridge',
  'nft_fib_inet',
  'nft_fib_ipv4',
  'nft_fib_ipv6',
  'nft_reject_inet',
  'nf_conntrack',
  'nf_nat',
  'ext4',
  'loop',
  'unix_diag',
  'inet_diag',
  'tcp_diag',
  'udp_diag',
  'raw_diag',
  'af_packet_diag',
  'nf_conntrack_netlink',
  'netlink_diag',
];

/** What runs as the machine's first program, in place of the script alone. */
export interface GuestSystem {
  /** Adds files to the directory that becomes the root. */
  install(root: string): Promise<void>;
  /** Path and arguments, after the switch to the root. */
  start: string;
}

export interface Report {
  /** Names of the checks that held. */
  passed: string[];
  /** Names and what was seen instead. */
  failed: string[];
  /** Everything the machine printed. */
  console: string;
}

/**
 * Boots, runs `script` by busybox sh as the only program, and reads its `ok NAME` and `not ok NAME` lines. `more` are programs
 * of this machine that come along, with the libraries that they name. With a `system` it is that which starts the script.
 */
export async function runInMachine(
  script: string,
  more: readonly string[] = [],
  system: GuestSystem = bare,
): Promise<Report> {
  const kernel = await extractKernel();
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-vm-'));
  try {
    const image = join(directory, 'initramfs');
    await writeInitramfs(join(directory, 'root'), image, kernel, { script, more, system });
    const [vmlinuz = ''] = readdirSync(join(kernel, 'boot')).filter((name) =>
      name.startsWith('vmlinuz'),
    );
    const { stdout } = await run(
      [
        'qemu-system-x86_64',
        '-accel',
        'tcg',
        '-cpu',
        'max',
        '-m',
        '2048',
        '-smp',
        '2',
        '-nographic',
        '-no-reboot',
        '-nic',
        'none',
        '-kernel',
        join(kernel, 'boot', vmlinuz),
        '-initrd',
        image,
        '-append',
        'console=ttyS0 quiet panic=-1',
      ],
      { timeoutMs: 300_000 },
    );
    return readReport(stdout);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The kernel package, unpacked beside the build and not installed: a machine's own boot files stay as they are. */
async function extractKernel(): Promise<string> {
  const target = join(cache, 'kernel');
  if (existsSync(join(target, 'complete'))) return target;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const meta = await must(['apt-cache', 'depends', 'linux-image-cloud-amd64']);
  const name = /Depends: (linux-image-\S+)/.exec(meta)?.[1];
  if (name === undefined) throw new Error('the package index names no kernel: run apt-get update');
  // As root apt drops its privileges for the download and could not write here.
  await must(
    ['sh', '-c', `cd '${cache}' && apt-get -q -o APT::Sandbox::User=root download '${name}'`],
    { timeoutMs: 300_000 },
  );
  const [archive = ''] = readdirSync(cache).filter((file) => file.endsWith('.deb'));
  await must(['dpkg-deb', '-x', join(cache, archive), target]);
  const [release = ''] = readdirSync(join(target, 'lib/modules'));
  await must(['depmod', '-b', target, release]);
  writeFileSync(join(target, 'complete'), '');
  return target;
}

async function writeInitramfs(
  root: string,
  image: string,
  kernel: string,
  { script, more, system }: { script: string; more: readonly string[]; system: GuestSystem },
): Promise<void> {
  for (const name of [
    'bin',
    'dev',
    'proc',
    'sys',
    'tmp',
    'run',
    'var',
    'etc',
    'root',
    'lib',
    'lib64',
    'usr',
    'newroot',
  ]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of (await must(['/bin/busybox', '--list'])).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  for (const program of [tiffinBinary, ...programs, ...more]) await copyProgram(root, program);
  await copyModules(root, kernel);
  const accounts = 'root:x:0:0:root:/root:/bin/sh\nordinary:x:1000:1000::/:/bin/sh\n';
  writeFileSync(join(root, 'etc/passwd'), accounts);
  for (const name of ['subuid', 'subgid']) {
    writeFileSync(join(root, 'etc', name), 'ordinary:100000:65536\n');
  }
  writeFileSync(join(root, 'init'), `${guestInit}exec switch_root /newroot ${system.start}\n`, {
    mode: 0o755,
  });
  writeFileSync(join(root, 'checks'), script, { mode: 0o755 });
  await system.install(root);
  await must(['sh', '-c', `cd '${root}' && find . | cpio -o -H newc --quiet > '${image}'`]);
}

async function copyProgram(root: string, program: string): Promise<void> {
  const target = join(root, 'bin', basename(program));
  rmSync(target, { force: true });
  cpSync(program, target, { dereference: true });
  for (const library of (await must(['ldd', program])).match(/\/\S+(?= \()/g) ?? []) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    cpSync(library, join(root, library), { dereference: true });
  }
}

/** In the order in which they load, as modprobe itself resolves it. */
async function copyModules(root: string, kernel: string): Promise<void> {
  const [release = ''] = readdirSync(join(kernel, 'lib/modules'));
  const order = new Set<string>();
  for (const name of modules) {
    const shown = await run(['modprobe', '-d', kernel, '-S', release, '--show-depends', name]);
    for (const line of shown.stdout.split('\n')) {
      const path = /^insmod (\S+)/.exec(line)?.[1];
      if (path !== undefined) order.add(path);
    }
  }
  const names = [...order].map((path, index) => {
    const name = `${String(index).padStart(3, '0')}.ko`;
    cpSync(path, join(root, 'lib', name));
    return name;
  });
  writeFileSync(join(root, 'lib/modules.order'), `${names.join('\n')}\n`);
}

/** A root on tmpfs instead of the initramfs itself, which cannot be pivoted away from. */
const guestInit = `#!/bin/busybox sh
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
chmod 4755 /bin/newuidmap /bin/newgidmap
for module in $(cat /lib/modules.order); do insmod /lib/$module; done
mount -t tmpfs -o mode=755 root /newroot
cp -a /bin /etc /lib /lib64 /usr /root /checks /newroot/
mkdir -p /newroot/proc /newroot/sys /newroot/dev /newroot/tmp /newroot/run /newroot/var/lib
mount -t devtmpfs dev /newroot/dev
umount /proc /sys
`;

/** The script is all that runs. */
const bare: GuestSystem = {
  install: async () => {},
  start: `/bin/sh -c '
  mount -t proc proc /proc
  mount -t sysfs sys /sys
  mkdir -p /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs shm /dev/shm
  mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
  ip link set lo up
  sh /checks
  poweroff -f'`,
};

function readReport(console: string): Report {
  const lines = console.split('\n').map((line) => line.trimEnd());
  const after = (prefix: string) =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return { passed: after('ok '), failed: after('not ok '), console };
}
