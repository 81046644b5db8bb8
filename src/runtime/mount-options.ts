/** Mount options, runtime-spec config.md «Linux mount options»: one row per word says what it becomes. */

import { ATTR, MS } from './linux-flags.ts';

/** What the words of one mount come to. Attributes are MOUNT_ATTR_*, propagation MS_*. */
export interface MountOptions {
  set: bigint;
  clear: bigint;
  /** The same for the mount and everything below it. */
  recursiveSet: bigint;
  recursiveClear: bigint;
  propagation: readonly bigint[];
  bind: boolean;
  recursiveBind: boolean;
  remount: boolean;
  tmpcopyup: boolean;
  idmap: 'idmap' | 'ridmap' | undefined;
  /** Comma-separated, for the file system itself. */
  data: string;
  /** Those words of `data` that only a file system can know. */
  foreign: readonly string[];
}

interface Row {
  set?: bigint;
  clear?: bigint;
  propagation?: bigint;
  /** Goes to the file system as it is: a flag of the superblock. */
  superblock?: true;
  /** Takes back such a flag. */
  undoes?: string;
  flag?: 'bind' | 'recursiveBind' | 'remount' | 'tmpcopyup' | 'idmap' | 'ridmap';
}

/** The attributes, each with its word and the word that undoes it. */
const ATTRIBUTES: readonly (readonly [on: string, off: string, bit: bigint])[] = [
  ['ro', 'rw', ATTR.rdonly],
  ['nosuid', 'suid', ATTR.nosuid],
  ['nodev', 'dev', ATTR.nodev],
  ['noexec', 'exec', ATTR.noexec],
  ['nodiratime', 'diratime', ATTR.nodiratime],
  ['nosymfollow', 'symfollow', ATTR.nosymfollow],
];

/** Access time is one mode of three, not a set of bits; relatime is the kernel's zero. */
const ATIME: Readonly<Record<string, bigint>> = {
  noatime: ATTR.noatime,
  atime: 0n,
  relatime: 0n,
  norelatime: 0n,
  strictatime: ATTR.strictatime,
  nostrictatime: 0n,
};

const OTHERS: Readonly<Record<string, Row>> = {
  defaults: {},
  async: { undoes: 'sync' },
  loud: {},
  nomand: {},
  noiversion: {},
  nolazytime: { undoes: 'lazytime' },
  // What the kernel removed (mand, 5.15) or decides by itself (iversion) keeps being accepted.
  mand: {},
  silent: {},
  iversion: {},
  sync: { superblock: true },
  dirsync: { superblock: true },
  lazytime: { superblock: true },
  bind: { flag: 'bind' },
  rbind: { flag: 'recursiveBind' },
  remount: { flag: 'remount' },
  tmpcopyup: { flag: 'tmpcopyup' },
  idmap: { flag: 'idmap' },
  ridmap: { flag: 'ridmap' },
  private: { propagation: MS.private },
  rprivate: { propagation: MS.private | MS.rec },
  shared: { propagation: MS.shared },
  rshared: { propagation: MS.shared | MS.rec },
  slave: { propagation: MS.slave },
  rslave: { propagation: MS.slave | MS.rec },
  unbindable: { propagation: MS.unbindable },
  runbindable: { propagation: MS.unbindable | MS.rec },
};

const plain = new Map<string, Row>(Object.entries(OTHERS));
/** Words that start with `r` and act on the mount and all below it: `rro`, `rnosuid`, `rnoatime` … */
const recursive = new Map<string, Row>();

for (const [on, off, bit] of ATTRIBUTES) {
  plain.set(on, { set: bit }).set(off, { clear: bit });
  recursive.set(`r${on}`, { set: bit }).set(`r${off}`, { clear: bit });
}
for (const [word, mode] of Object.entries(ATIME)) {
  plain.set(word, { set: mode, clear: ATTR.atimeMask });
  recursive.set(`r${word}`, { set: mode, clear: ATTR.atimeMask });
}

/** Every word the table knows, for `features`. */
export function mountOptionNames(): string[] {
  return [...plain.keys(), ...recursive.keys()].sort();
}

/** The later of two contradicting words wins; words that no row has are data for the file system. */
export function parseMountOptions(words: readonly string[]): MountOptions {
  const own = { set: 0n, clear: 0n };
  const below = { set: 0n, clear: 0n };
  const flags = new Set<Row['flag']>();
  const propagation: bigint[] = [];
  const data = new Set<string>();
  const foreign: string[] = [];
  for (const word of words) {
    const row = plain.get(word);
    const deep = recursive.get(word);
    if (row !== undefined) {
      apply(own, row);
      if (row.flag !== undefined) flags.add(row.flag);
      if (row.propagation !== undefined) propagation.push(row.propagation);
      if (row.superblock === true) data.add(word);
      if (row.undoes !== undefined) data.delete(row.undoes);
    } else if (deep !== undefined) apply(below, deep);
    else if (word !== '') {
      data.add(word);
      foreign.push(word);
    }
  }
  return {
    set: own.set,
    clear: own.clear,
    recursiveSet: below.set,
    recursiveClear: below.clear,
    propagation,
    bind: flags.has('bind') || flags.has('recursiveBind'),
    recursiveBind: flags.has('recursiveBind'),
    remount: flags.has('remount'),
    tmpcopyup: flags.has('tmpcopyup'),
    idmap: flags.has('ridmap') ? 'ridmap' : flags.has('idmap') ? 'idmap' : undefined,
    data: [...data].join(','),
    foreign,
  };
}

function apply(target: { set: bigint; clear: bigint }, row: Row): void {
  const clear = row.clear ?? 0n;
  const set = row.set ?? 0n;
  target.set = (target.set & ~clear) | set;
  // A bit that is set needs no clearing, except for the access time mode, which the kernel wants cleared first.
  target.clear = (target.clear | clear) & ~(set & ~ATTR.atimeMask);
}
