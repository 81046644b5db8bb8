import { expect, test } from 'bun:test';
import { ATTR, MS } from './linux-flags.ts';
import { mountOptionNames, parseMountOptions } from './mount-options.ts';

test('parseMountOptions keeps unknown words as data of the file system, in their order', () => {
  expect(parseMountOptions(['mode=755', 'nosuid', 'size=1m', 'newinstance']).data).toBe(
    'mode=755,size=1m,newinstance',
  );
});

test('parseMountOptions lets the later of two contradicting words win', () => {
  expect(parseMountOptions(['ro', 'rw'])).toMatchObject({ set: 0n, clear: ATTR.rdonly });
  expect(parseMountOptions(['rw', 'ro'])).toMatchObject({ set: ATTR.rdonly, clear: 0n });
  const times = parseMountOptions(['noatime', 'strictatime']);
  expect(times).toMatchObject({ set: ATTR.strictatime, clear: ATTR.atimeMask });
});

test('parseMountOptions clears the access time mode for relatime, whose own bits are zero', () => {
  expect(parseMountOptions(['relatime'])).toMatchObject({ set: 0n, clear: ATTR.atimeMask });
});

test('parseMountOptions keeps recursive attributes apart from those of the mount itself', () => {
  expect(parseMountOptions(['ro', 'rnosuid', 'rdev', 'rnoatime'])).toMatchObject({
    set: ATTR.rdonly,
    clear: 0n,
    recursiveSet: ATTR.nosuid | ATTR.noatime,
    recursiveClear: ATTR.nodev | ATTR.atimeMask,
  });
});

test('parseMountOptions reads every propagation, with and without recursion', () => {
  expect(parseMountOptions(['rslave', 'unbindable']).propagation).toEqual([
    MS.slave | MS.rec,
    MS.unbindable,
  ]);
});

test('parseMountOptions gives superblock flags to the file system', () => {
  expect(parseMountOptions(['sync', 'dirsync', 'lazytime', 'async', 'x=1']).data).toBe(
    'dirsync,lazytime,x=1',
  );
});

test('mountOptionNames has every word of the specification', () => {
  const words =
    'async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap';
  const known = new Set(mountOptionNames());
  expect(words.split(' ').filter((word) => !known.has(word))).toEqual([]);
});
