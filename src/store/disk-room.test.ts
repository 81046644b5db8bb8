import { expect, test } from 'bun:test';
import { DiskRoom, type DiskSpace } from './disk-room.ts';

const MiB = 1024 * 1024;

test('DiskRoom leaves the engine its part of the disk, and looks again every few megabytes', () => {
  let looks = 0;
  const space: DiskSpace = { free: 400 * MiB, total: 100_000 * MiB };
  const room = new DiskRoom('/data', () => {
    looks += 1;
    return space;
  });
  for (let taken = 0; taken < 140; taken += 1) {
    room.take(MiB);
    space.free -= MiB;
  }
  expect(looks).toBeLessThan(12);
  expect(() => {
    for (let taken = 0; taken < 20; taken += 1) {
      room.take(MiB);
      space.free -= MiB;
    }
  }).toThrow('are free below /data, and 256 MiB stay');
  expect(space.free).toBeGreaterThan(230 * MiB);
});

test('DiskRoom refuses the first byte of each of many small streams on a full disk', () => {
  const full = () => new DiskRoom('/data', () => ({ free: 200 * MiB, total: 100_000 * MiB }));
  expect(() => full().take(1)).toThrow('no space left on device');
});

test('DiskRoom wants only a hundredth of a small disk', () => {
  const small = new DiskRoom('/data', () => ({ free: 20 * MiB, total: 1000 * MiB }));
  small.take(MiB);
  expect(() => small.take(16 * MiB)).toThrow('10 MiB stay');
});

test('DiskRoom refuses nothing on a file system that does not tell its size', () => {
  const silent = new DiskRoom('/data', () => ({ free: 0, total: 0 }));
  expect(() => silent.take(100 * MiB)).not.toThrow();
});
