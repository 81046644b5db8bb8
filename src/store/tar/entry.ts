/** What a tar archive holds, in either direction. */

export type TarKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'character'
  | 'block'
  | 'fifo';

/** One member. Texts may hold lone surrogates for bytes that are not UTF-8 (src/base/byte-text.ts). */
export interface TarEntry {
  kind: TarKind;
  /** As written in the archive; `memberPath` makes it safe. */
  path: string;
  /** Target of a symbolic or hard link; else empty. */
  link: string;
  /** Permission bits only: 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** ns since 1970; times before it are 0. */
  mtimeNs: bigint;
  xattrs: readonly Xattr[];
  /** Apparent size of a file in bytes; 0 for anything else. */
  size: number;
  /** Of a device. */
  major: number;
  minor: number;
}

export interface Xattr {
  name: string;
  value: Uint8Array;
}

/** `data` belongs to the latest `entry`; what no data covers is a hole. */
export type TarEvent =
  | { kind: 'entry'; entry: TarEntry }
  | { kind: 'data'; offset: number; bytes: Uint8Array };

export const BLOCK = 512;
