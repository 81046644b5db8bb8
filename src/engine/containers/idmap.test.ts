import { expect, test } from 'bun:test';
import { parseIdMap } from './idmap.ts';

const root = { uid: 0, gid: 0 };
const owner = { uid: 1000, gid: 0 };

test('parseIdMap alone shows the owner as the container user, and what is really that user as nobody', () => {
  expect(parseIdMap('', root, root)).toBeUndefined();
  expect(parseIdMap('', owner, root)?.uids).toEqual([
    { containerID: 1000, hostID: 0, size: 1 },
    { containerID: 1, hostID: 1, size: 999 },
    { containerID: 1001, hostID: 1001, size: 4294966294 },
  ]);
  expect(parseIdMap('', owner, root)?.gids).toEqual([
    { containerID: 0, hostID: 0, size: 1 },
    { containerID: 1, hostID: 1, size: 4294967294 },
  ]);
});

test('parseIdMap reads ranges and refuses what uid_map could not hold', () => {
  const map = parseIdMap('uids=1000-0-1#5-5-10;gids=7-0-1', owner, root);
  expect(map).toEqual({
    uids: [
      { containerID: 1000, hostID: 0, size: 1 },
      { containerID: 5, hostID: 5, size: 10 },
    ],
    gids: [{ containerID: 7, hostID: 0, size: 1 }],
  });
  for (const bad of [
    'uids=',
    'uids=1-2',
    'uids=1-2-0',
    'uids=4294967295-0-1',
    'x=1-1-1',
    'uids=1-1-1;uids=2-2-2',
    'uids=-1-0-1',
  ]) {
    expect(() => parseIdMap(bad, owner, root)).toThrow('invalid idmap');
  }
});
