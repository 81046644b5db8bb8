/** The part of the vocabulary that builds a container's file system: the root, its mounts, its nodes. */

import type { OpShape } from './op-shape.ts';

/** The tree of a `bind` that `lend-trees` opens. */
export const LENT = 0xffff_ffff;

/** Codes 60 to 89; see `OPS`. */
export const ROOT_OPS = {
  /** `flags`: one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with MS_REC for the submounts too. */
  propagation: { code: 60, man: 'mount_namespaces(7)', fields: { target: 'str', flags: 'u64' } },
  /** Mounts an overlay at a host path; lower directories from the top down. */
  overlay: {
    code: 61,
    man: 'https://docs.kernel.org/filesystems/overlayfs.html',
    fields: {
      target: 'str',
      lower: 'strs',
      upper: 'str',
      work: 'str',
      options: 'strs',
      attributes: 'u64',
    },
  },
  /** Opens the root; from here on targets are resolved in it. `bind` 1: first bind it onto itself, as pivot_root wants a mount. */
  root: { code: 62, man: 'openat2(2)', fields: { path: 'str', bind: 'u32' } },
  /**
   * Mounts a new file system. `flags` are MOUNT_ATTR_* (never MS_*), `create` 1 makes a missing target directory.
   * `data` is the comma-separated option string of the file system, which may hold the superblock flags
   * `ro`, `sync`, `dirsync`, `lazytime`, `mand` too. `propagation` is one of MS_*.
   */
  mount: {
    code: 63,
    man: 'mount(2)',
    fields: {
      source: 'str',
      target: 'str',
      fstype: 'str',
      flags: 'u64',
      data: 'str',
      create: 'u32',
      propagation: 'u64',
    },
  },
  /**
   * Clones a mount (open_tree) from a host path, changes its attributes (mount_setattr) and moves it onto the target.
   * `set` and `clear` are MOUNT_ATTR_* of the mount itself, `deepSet` and `deepClear` of it and its submounts; all of it
   * before the mount can be seen. `create`: 1 directory, 2 file, 3 as the source is. `tree`: 0, or which of the trees that
   * `mapped-tree` has made before, from 1, in place of the source; or `LENT`, the next one of `lend-trees`. `propagation`: one of MS_*, with MS_REC for submounts too.
   */
  bind: {
    code: 64,
    man: 'mount_setattr(2)',
    fields: {
      source: 'str',
      target: 'str',
      recursive: 'u32',
      set: 'u64',
      clear: 'u64',
      deepSet: 'u64',
      deepClear: 'u64',
      create: 'u32',
      propagation: 'u64',
      tree: 'u32',
    },
  },
  /** Changes the attributes of the mount at `target`; `recursive` 1 includes submounts. */
  'mount-attributes': {
    code: 65,
    man: 'mount_setattr(2)',
    fields: { target: 'str', set: 'u64', clear: 'u64', recursive: 'u32', propagation: 'u64' },
  },
  /** Hides a path: /dev/null over a file, an empty read-only tmpfs over a directory; absence is success. */
  mask: { code: 66, man: 'mount(2)', fields: { path: 'str' } },
  /** Makes a path read-only by a bind on itself; absence is success. */
  'read-only': { code: 67, man: 'mount_setattr(2)', fields: { path: 'str' } },
  /** Makes a directory and its missing parents. */
  directory: {
    code: 68,
    man: 'mkdirat(2)',
    fields: { path: 'str', mode: 'u32', uid: 'u32', gid: 'u32' },
  },
  symlink: { code: 69, man: 'symlinkat(2)', fields: { value: 'str', path: 'str' } },
  /** Makes a device node. `type` is S_IFCHR, S_IFBLK or S_IFIFO; where mknod is refused, binds the host's node. */
  device: {
    code: 70,
    man: 'mknodat(2)',
    fields: {
      path: 'str',
      type: 'u32',
      major: 'u32',
      minor: 'u32',
      mode: 'u32',
      uid: 'u32',
      gid: 'u32',
      source: 'str',
    },
  },
  /** Copies a directory tree of the container into an empty host directory (a volume's first use); a non-empty one is left. */
  'copy-up': { code: 71, man: 'openat2(2)', fields: { path: 'str', destination: 'str' } },
  pivot: { code: 72, man: 'pivot_root(2)', fields: {} },
  /** Moves the root over / and changes into it, for a root on initramfs, where pivot_root is refused. */
  'move-root': { code: 73, man: 'chroot(2)', fields: {} },
  /** Mounts tmpfs over a directory and copies what the directory held into it. */
  'copy-into-tmpfs': {
    code: 74,
    man: 'tmpfs(5)',
    fields: { target: 'str', attributes: 'u64', data: 'str' },
  },
  /**
   * Clones a mount of the host, shows its owners through an id mapping (MOUNT_ATTR_IDMAP) and keeps it for a `bind`.
   * Before the clone, because it takes rights over the file system that a user namespace does not have.
   * `uids` and `gids`: lines as in uid_map; or `namespace`: the path of a user namespace that has the mapping.
   * Without any of them the tree stays as the host has
   * it, a member of its peer group. `deep` 1: the submounts too. `propagation`: what the submounts and the mount have from now on, one of MS_* or 0.
   */
  'mapped-tree': {
    code: 75,
    man: 'mount_setattr(2)',
    fields: {
      source: 'str',
      recursive: 'u32',
      deep: 'u32',
      uids: 'str',
      gids: 'str',
      namespace: 'str',
      propagation: 'u64',
    },
  },

  /**
   * Binds what is at `path` below the host directory `source`, found with openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), whose symlinks may
   * be a container's. `set` and `clear` are MOUNT_ATTR_* of the mount and its submounts.
   */
  'bind-below': {
    code: 76,
    man: 'openat2(2)',
    fields: {
      source: 'str',
      path: 'str',
      target: 'str',
      recursive: 'u32',
      set: 'u64',
      clear: 'u64',
      propagation: 'u64',
    },
  },
  /** Takes away the mount at a host path, for whoever still uses it when they let go; absence is success. */
  unmount: { code: 77, man: 'umount2(2)', fields: { path: 'str' } },
  /** Changes into the root in a mount namespace that is shared with the host: its mounts stay where they are. */
  'change-root': { code: 78, man: 'chroot(2)', fields: {} },
  /**
   * Clones mounts of the container's mount namespace with this process's rights, each when a `bind` with the tree `LENT` asks for
   * it, in this order: a path may lead through directories that are closed to the root of the container's user namespace.
   * Not from the host's namespace, whose mounts have nothing locked (mount_namespaces(7), «Restrictions on mount namespaces»).
   * `recursive`: one number for each source.
   */
  'lend-trees': { code: 79, man: 'open_tree(2)', fields: { sources: 'strs', recursive: 'u32s' } },
  /**
   * Mounts an overlay whose files seem to belong to other ids, and keeps it as `mapped-tree` does. Every layer is mapped, so that the
   * ids on the disk stay what they are. `lower` from the top down; `upper` and `work` are names in `directory`; `uids` and `gids`
   * lines as in uid_map; `uid` and `gid`: who makes what overlayfs makes for itself, an owner that the mapping has.
   */
  'mapped-overlay': {
    code: 80,
    man: 'https://docs.kernel.org/filesystems/idmappings.html',
    fields: {
      lower: 'strs',
      directory: 'str',
      upper: 'str',
      work: 'str',
      uids: 'str',
      gids: 'str',
      uid: 'u32',
      gid: 'u32',
    },
  },
  /** A tree that was kept becomes the root, mounted on / of this mount namespace: in place of `root`. */
  'root-tree': { code: 81, man: 'move_mount(2)', fields: { tree: 'u32' } },
  /** As `copy-up`, into a tree that is kept for a later `bind`. */
  'copy-up-tree': { code: 82, man: 'mount_setattr(2)', fields: { path: 'str', tree: 'u32' } },
} as const satisfies Record<string, OpShape>;
