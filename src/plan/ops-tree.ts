/** The operations of a stream of files: what `shim unpack` reads and `shim pack` writes. Part of the table in ops.ts. */

import type { OpShape } from './op-shape.ts';

export const TREE_OPS = {
  /** Attributes of a tree entry follow its path: modes with type bits, times in ns since 1970, xattrs as name, value, name, value …, each u32 length + bytes. */
  'tree-directory': {
    code: 130,
    man: 'mkdirat(2)',
    fields: { path: 'str', mode: 'u32', uid: 'u32', gid: 'u32', mtimeNs: 'u64', xattrs: 'bytes' },
  },
  /** `data` operations with the content follow, until one of another kind. `size` is the apparent size. */
  'tree-file': {
    code: 131,
    man: 'openat2(2)',
    fields: {
      path: 'str',
      mode: 'u32',
      uid: 'u32',
      gid: 'u32',
      mtimeNs: 'u64',
      xattrs: 'bytes',
      size: 'u64',
    },
  },
  /** A piece of the current file at an offset; what no piece covers is a hole. */
  'tree-data': { code: 132, man: 'pwrite(2)', fields: { offset: 'u64', bytes: 'bytes' } },
  'tree-symlink': {
    code: 133,
    man: 'symlinkat(2)',
    fields: { path: 'str', value: 'str', uid: 'u32', gid: 'u32', mtimeNs: 'u64', xattrs: 'bytes' },
  },
  'tree-hardlink': { code: 134, man: 'linkat(2)', fields: { path: 'str', value: 'str' } },
  'tree-device': {
    code: 135,
    man: 'mknodat(2)',
    fields: {
      path: 'str',
      mode: 'u32',
      uid: 'u32',
      gid: 'u32',
      mtimeNs: 'u64',
      xattrs: 'bytes',
      major: 'u32',
      minor: 'u32',
    },
  },
  /** Marks a name of a lower layer as removed: a 0:0 character device. */
  'tree-whiteout': {
    code: 136,
    man: 'https://docs.kernel.org/filesystems/overlayfs.html',
    fields: { path: 'str' },
  },
  /** Marks a directory as hiding what lower layers hold in it. */
  'tree-opaque': {
    code: 137,
    man: 'https://docs.kernel.org/filesystems/overlayfs.html',
    fields: { path: 'str' },
  },
  /** Ends the stream; without it the tree counts as broken. */
  'tree-end': { code: 138, man: 'close(2)', fields: {} },
} as const satisfies Record<string, OpShape>;
