import { expect, test } from 'bun:test';
import { printPlan } from '../plan/print.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { planResctrl, type Resctrl } from './intel-rdt.ts';
import { resctrlMount } from './resctrl-facts.ts';

type Wish = NonNullable<RuntimeSpec['linux']>['intelRdt'];
const fresh: Resctrl = { mountpoint: '/sys/fs/resctrl', schemata: undefined };
const plan = (wish: Wish, machine?: Resctrl) => {
  const steps = planResctrl({ ociVersion: '1.3.0', linux: { intelRdt: wish } }, 'web', machine);
  return printPlan([...steps.host, ...steps.join, ...steps.teardown])
    .split('\n')
    .map((line) => line.replace(/^\s+\d+\s+(\S+)\s+/, '$1: ').replace(/ {2}#.*/, ''))
    .filter((line) => line !== '');
};

test('planResctrl makes a class of service, its share first, and takes it away', () => {
  const wish = { l3CacheSchema: 'L3:0=f', memBwSchema: 'MB:0=20', schemata: ['L2:0=3'] };
  expect(plan(wish, fresh)).toEqual([
    'host: make directory /sys/fs/resctrl/web (0755)',
    'host: write "L3:0=f\\nMB:0=20\\nL2:0=3" to /sys/fs/resctrl/web/schemata',
    'inside: write "0" to /sys/fs/resctrl/web/tasks',
    'teardown: remove directory /sys/fs/resctrl/web',
  ]);
});

test('planResctrl joins a class that is there and leaves it, but for its monitor', () => {
  const there = { ...fresh, schemata: 'L3:0=f\nMB:0=100\n' };
  expect(plan({ closID: 'gold', l3CacheSchema: 'L3:0=f', enableMonitoring: true }, there)).toEqual([
    'host: make directory /sys/fs/resctrl/gold/mon_groups/web (0755)',
    'inside: write "0" to /sys/fs/resctrl/gold/mon_groups/web/tasks',
    'teardown: remove directory /sys/fs/resctrl/gold/mon_groups/web',
  ]);
  expect(plan({ closID: '/' }, there)).toEqual(['inside: write "0" to /sys/fs/resctrl/tasks']);
});

test('planResctrl makes a named class with a share, and keeps it', () => {
  expect(plan({ closID: 'new', schemata: ['L3:0=1'] }, fresh)).toEqual([
    'host: make directory /sys/fs/resctrl/new (0755)',
    'host: write "L3:0=1" to /sys/fs/resctrl/new/schemata',
    'inside: write "0" to /sys/fs/resctrl/new/tasks',
  ]);
});

test('planResctrl refuses what the machine has not, is not there, or is otherwise', () => {
  expect(() => plan({})).toThrow('linux.intelRdt: no resctrl file system is mounted');
  expect(() => plan({ closID: 'x' }, fresh)).toThrow('there is no class of service "x"');
  const there = { ...fresh, schemata: 'L3:0=f\n' };
  expect(() => plan({ closID: 'x', schemata: ['L3:0=1'] }, there)).toThrow('without "L3:0=1"');
});

test('resctrlMount finds the file system in mountinfo', () => {
  const line = '31 25 0:27 / /sys/fs/resctrl rw,relatime shared:9 - resctrl resctrl rw';
  expect(resctrlMount(`1 1 0:1 / / rw - ext4 /dev/a rw\n${line}\n`)).toBe('/sys/fs/resctrl');
  expect(resctrlMount('1 1 0:1 / /resctrl rw - ext4 resctrl rw\n')).toBeUndefined();
});
