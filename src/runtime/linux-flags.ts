/** Numbers of the kernel's interface that plans carry: include/uapi/linux/{sched,mount,stat}.h. */

/** Namespaces: clone(2), setns(2), unshare(2). */
export const CLONE = {
  time: 0x80n,
  mount: 0x20000n,
  cgroup: 0x2000000n,
  uts: 0x4000000n,
  ipc: 0x8000000n,
  user: 0x10000000n,
  pid: 0x20000000n,
  network: 0x40000000n,
} as const;

/** Attributes of one mount: mount_setattr(2). */
export const ATTR = {
  rdonly: 0x1n,
  nosuid: 0x2n,
  nodev: 0x4n,
  noexec: 0x8n,
  /** All bits of the access time mode; whoever changes the mode has to clear them all. */
  atimeMask: 0x70n,
  noatime: 0x10n,
  strictatime: 0x20n,
  nodiratime: 0x80n,
  nosymfollow: 0x200000n,
} as const;

/** Propagation types and their recursion flag: mount(2). */
export const MS = {
  rec: 0x4000n,
  unbindable: 0x20000n,
  private: 0x40000n,
  slave: 0x80000n,
  shared: 0x100000n,
} as const;

/** File types in a mode: inode(7). */
export const S_IF = { fifo: 0o010000, chr: 0o020000, blk: 0o060000 } as const;
