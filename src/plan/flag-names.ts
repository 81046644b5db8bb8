/** Bit masks of the kernel in words, for the printer. */

/** <linux/mount.h> MOUNT_ATTR_*. */
const MOUNT_ATTRIBUTES: readonly (readonly [bigint, string])[] = [
  [0x1n, 'ro'],
  [0x2n, 'nosuid'],
  [0x4n, 'nodev'],
  [0x8n, 'noexec'],
  [0x10n, 'noatime'],
  [0x20n, 'strictatime'],
  [0x80n, 'nodiratime'],
  [0x200000n, 'nosymfollow'],
];

/** <linux/mount.h> MS_*, those of propagation. */
const PROPAGATION: readonly (readonly [bigint, string])[] = [
  [1n << 17n, 'unbindable'],
  [1n << 18n, 'private'],
  [1n << 19n, 'slave'],
  [1n << 20n, 'shared'],
];
const RECURSIVE = 0x4000n;

/** <linux/sched.h> CLONE_NEW*. */
const NAMESPACES: readonly (readonly [bigint, string])[] = [
  [0x00000080n, 'time'],
  [0x00020000n, 'mount'],
  [0x02000000n, 'cgroup'],
  [0x04000000n, 'uts'],
  [0x08000000n, 'ipc'],
  [0x10000000n, 'user'],
  [0x20000000n, 'pid'],
  [0x40000000n, 'network'],
];

/** <linux/capability.h>, by number; capabilities(7). */
const CAPABILITIES = (
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable ' +
  'net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot ' +
  'sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease ' +
  'audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read ' +
  'perfmon bpf checkpoint_restore'
).split(' ');

/** <asm-generic/resource.h>; getrlimit(2). */
const RESOURCES =
  'cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime'.split(
    ' ',
  );
const RLIM_INFINITY = (1n << 64n) - 1n;

function names(bits: bigint, table: readonly (readonly [bigint, string])[]): string[] {
  const words: string[] = [];
  let left = bits;
  for (const [bit, name] of table) {
    if ((left & bit) === 0n) continue;
    words.push(name);
    left &= ~bit;
  }
  if (left !== 0n) words.push(`0x${left.toString(16)}`);
  return words;
}

/** `nosuid,nodev`; empty for none. */
export function mountAttributeNames(bits: bigint): string {
  return names(bits, MOUNT_ATTRIBUTES).join(',');
}

/** `rslave`; empty for none. */
export function propagationName(flags: bigint): string {
  const kinds = names(flags & ~RECURSIVE, PROPAGATION);
  return kinds.map((kind) => ((flags & RECURSIVE) !== 0n ? `r${kind}` : kind)).join(',');
}

/** `mount, pid, uts`; empty for none. */
export function namespaceNames(flags: bigint): string {
  return names(flags, NAMESPACES).join(', ');
}

/** `chown, kill`; `none`; `all` for every capability of this table. */
export function capabilityNames(mask: bigint): string {
  if (mask === 0n) return 'none';
  const all = (1n << BigInt(CAPABILITIES.length)) - 1n;
  if ((mask & all) === all) return 'all';
  const table = CAPABILITIES.map((name, number) => [1n << BigInt(number), name] as const);
  return names(mask, table).join(', ');
}

export function resourceName(resource: number): string {
  return RESOURCES[resource] ?? `resource ${resource}`;
}

export function limitText(limit: bigint): string {
  return limit === RLIM_INFINITY ? 'unlimited' : limit.toString();
}
