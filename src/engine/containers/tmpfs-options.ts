/** `--tmpfs target:options`: only words that mean something for a tmpfs, as Docker accepts them. */

import { TiffinError } from '../../base/errors.ts';

const FLAGS: ReadonlySet<string> = new Set([
  'ro',
  'rw',
  'suid',
  'nosuid',
  'dev',
  'nodev',
  'exec',
  'noexec',
  'sync',
  'async',
  'dirsync',
  'atime',
  'noatime',
  'diratime',
  'nodiratime',
  'relatime',
  'norelatime',
  'strictatime',
  'nostrictatime',
  'defaults',
]);
const VALUES: ReadonlySet<string> = new Set([
  'size',
  'mode',
  'uid',
  'gid',
  'nr_inodes',
  'nr_blocks',
  'mpol',
]);

/** Throws `invalid` in Docker's words for everything else: `bind` or `remount` would make another mount of it. */
export function parseTmpfsOptions(words: readonly string[]): string[] {
  for (const word of words) {
    const equals = word.indexOf('=');
    const known = equals < 0 ? FLAGS.has(word) : VALUES.has(word.slice(0, equals));
    if (!known || !/^[\w=:.%-]+$/.test(word)) {
      const shown = JSON.stringify(word.slice(0, 80));
      throw new TiffinError('invalid', 'bad-tmpfs-option', `invalid tmpfs option [${shown}]`);
    }
  }
  return [...words];
}
