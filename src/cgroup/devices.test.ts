import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatherFacts } from '../host/facts.ts';
import type { LinuxDeviceCgroup } from '../spec/runtime/resources.ts';
import { deviceProgram } from './device-program.ts';
import { deviceRules } from './device-rules.ts';
import { deviceUpdates, deviceWrites, parseDeviceList } from './devices.ts';
import { runDeviceProgram } from './testing/device-interpreter.ts';

const DENY_ALL: LinuxDeviceCgroup = { allow: false, access: 'rwm' };
const ALLOW_ALL: LinuxDeviceCgroup = { allow: true, access: 'rwm' };

function rule(allow: boolean, type: string, major: number, minor: number, access = 'rwm') {
  return { allow, type, major, minor, access };
}

/** Whether the program lets `access` (letters) through. */
function permits(list: LinuxDeviceCgroup[] | undefined, device: string, access: string): boolean {
  const [type = 'c', major = 0, minor = 0] = device.split(/[ :]/);
  const bits = [...access].reduce((sum, letter) => sum + { m: 1, r: 2, w: 4 }[letter as 'm'], 0);
  const program = deviceProgram(deviceRules(list));
  return runDeviceProgram(program, {
    type: type === 'b' ? 1 : 2,
    access: bits,
    major: Number(major),
    minor: Number(minor),
  });
}

test('deviceProgram: without rules only the default devices can be used, and every node made', () => {
  for (const device of [
    'c 1:3',
    'c 1:5',
    'c 1:7',
    'c 1:8',
    'c 1:9',
    'c 5:0',
    'c 5:1',
    'c 5:2',
    'c 136:77',
  ]) {
    expect({ device, may: permits(undefined, device, 'rw') }).toEqual({ device, may: true });
  }
  for (const device of ['b 8:0', 'c 1:1', 'c 10:200', 'c 5:3', 'b 1:3']) {
    expect({ device, may: permits([], device, 'r') }).toEqual({ device, may: false });
    expect(permits([], device, 'm')).toBe(true);
    expect(permits([], device, 'mr')).toBe(false);
  }
});

test('deviceProgram: an allow-only list does not open anything else', () => {
  const list = [rule(true, 'c', 10, 229, 'rw')];
  expect(permits(list, 'c 10:229', 'rw')).toBe(true);
  expect(permits(list, 'c 10:228', 'r')).toBe(false);
  expect(permits(list, 'b 10:229', 'r')).toBe(false);
});

test('deviceProgram: the last rule decides each access by itself', () => {
  const list = [DENY_ALL, rule(true, 'c', 10, -1), rule(false, 'c', 10, 200, 'w')];
  expect(permits(list, 'c 10:200', 'r')).toBe(true);
  expect(permits(list, 'c 10:200', 'w')).toBe(false);
  expect(permits(list, 'c 10:200', 'rw')).toBe(false);
  expect(permits(list, 'c 10:201', 'rw')).toBe(true);
  expect(permits([rule(true, 'b', 8, 0, 'r'), rule(true, 'b', 8, 0, 'w')], 'b 8:0', 'rw')).toBe(
    true,
  );
});

test('deviceProgram: everything allowed is two instructions, and a later denial still counts', () => {
  expect(deviceProgram(deviceRules([ALLOW_ALL])).length).toBe((6 + 2) * 8);
  expect(permits([ALLOW_ALL], 'b 8:0', 'rwm')).toBe(true);
  expect(permits([ALLOW_ALL, rule(false, 'b', 8, -1)], 'b 8:0', 'r')).toBe(false);
  expect(permits([ALLOW_ALL, DENY_ALL], 'b 8:0', 'r')).toBe(false);
});

test('deviceRules: numbers, types and letters that do not exist are refused', () => {
  expect(() => deviceRules([rule(true, 'c', 4096, 0)])).toThrow(/devices\[0\]\.major: .* 4096/);
  expect(() => deviceRules([rule(true, 'c', 1, 2 ** 20)])).toThrow(/minor/);
  expect(() => deviceRules([rule(true, 'x', 1, 1)])).toThrow(/not a, b or c/);
  expect(() => deviceRules([rule(true, 'c', 1, 1, 'rwx')])).toThrow(/not letters of rwm/);
});

test('deviceWrites: v1 denies all first and then allows, each device in one line', () => {
  const texts = deviceWrites(
    deviceRules([DENY_ALL, rule(true, 'c', 10, 229, 'r'), rule(true, 'c', 10, 229, 'w')]),
  );
  expect(texts.map(({ file, data }) => `${file} ${data}`).slice(0, 4)).toEqual([
    'devices.deny a',
    'devices.allow c 10:229 rw',
    'devices.allow c *:* m',
    'devices.allow b *:* m',
  ]);
  expect(deviceWrites(deviceRules([ALLOW_ALL]))).toEqual([]);
  expect(
    deviceWrites(deviceRules([ALLOW_ALL, rule(false, 'b', 8, 0)])).map(({ data }) => data),
  ).toEqual(['b 8:0 rw']);
});

test('deviceWrites: a hole in a wildcard is refused on v1, which cannot hold it', () => {
  const list = [rule(true, 'c', 10, -1), rule(false, 'c', 10, 200)];
  expect(() => deviceWrites(deviceRules(list))).toThrow(/cannot except c 10:200 from c 10:\*/);
  const other = [rule(true, 'c', 10, -1), rule(false, 'c', 11, 200)];
  expect(() => deviceWrites(deviceRules(other))).not.toThrow();
});

test('deviceUpdates: only the difference is written, what stays allowed is never denied', () => {
  const current = parseDeviceList('c *:* m\nb *:* m\nc 1:3 rwm\nc 10:229 rw\n');
  const updates = deviceUpdates(current, deviceRules([rule(true, 'b', 8, 0, 'r')]));
  const texts = updates.map(({ file, data }) => `${file} ${data}`);
  expect(texts[0]).toBe('devices.allow b 8:0 r');
  expect(texts.at(-1)).toBe('devices.deny c 10:229 rw');
  expect(texts.filter((text) => text.includes('c 1:3 '))).toEqual([]);
});

test('deviceProgram: the kernel accepts it and then refuses what the rules refuse', async () => {
  const { cgroup, uid } = gatherFacts();
  if (uid !== 0 || cgroup.v2 === undefined) {
    console.log('left out: needs root and a v2 hierarchy');
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-device-'));
  const group = `${cgroup.v2}/tiffin-device-${process.pid}`;
  mkdirSync(group);
  try {
    const loader = join(directory, 'attach');
    const source = join(import.meta.dir, 'testing/attach-device-program.c');
    expect(Bun.spawnSync(['cc', '-o', loader, source]).success).toBe(true);
    const list = [rule(true, 'c', 1, 11, 'w'), rule(true, 'b', 8, -1, 'r')];
    const program = deviceProgram(deviceRules(list));
    const attached = Bun.spawnSync([loader, group], { stdin: program });
    expect({ code: attached.exitCode, text: attached.stderr.toString() }).toEqual({
      code: 0,
      text: '',
    });
    const script = `echo 0 > ${group}/cgroup.procs
      : < /dev/null && echo null
      : < /dev/kmsg && echo reads
      : >> /dev/kmsg && echo writes
      mknod ${directory}/port c 1 4 && echo makes
      : < ${directory}/port && echo port`;
    const run = Bun.spawnSync(['bash', '-c', script], { stderr: 'ignore' });
    expect(run.stdout.toString().trim().split('\n')).toEqual(['null', 'writes', 'makes']);
  } finally {
    rmdirSync(group);
    rmSync(directory, { recursive: true });
  }
  expect(existsSync(group)).toBe(false);
});
