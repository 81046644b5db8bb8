import { expect, test } from 'bun:test';
import { mountPointOf } from './root-mount.ts';

const mountinfo = [
  '1 0 8:1 / / rw - ext4 /dev/a rw',
  '2 1 0:5 / /run rw shared:3 - tmpfs tmpfs rw',
  '3 2 0:6 / /run/with\\040space rw - tmpfs tmpfs rw',
  '4 1 0:7 / /running rw - tmpfs tmpfs rw',
  '',
].join('\n');

test('mountPointOf finds the nearest mount above a path, by whole names', () => {
  expect(mountPointOf('/srv/root', mountinfo)).toBe('/');
  expect(mountPointOf('/run', mountinfo)).toBe('/run');
  expect(mountPointOf('/run/b/root', mountinfo)).toBe('/run');
  expect(mountPointOf('/run/with space/x', mountinfo)).toBe('/run/with space');
  expect(mountPointOf('/runner', mountinfo)).toBe('/');
});
