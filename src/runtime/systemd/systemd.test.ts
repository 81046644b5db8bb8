import { expect, test } from 'bun:test';
import type { LinuxResources } from '../../spec/runtime/index.ts';
import { annotatedProperties } from './annotations.ts';
import { deviceProperties } from './device-properties.ts';
import { limitProperties } from './properties.ts';
import { expandSlice, parseUnit } from './unit.ts';

const manager = { version: 252, unified: true };
const values = (properties: ReturnType<typeof limitProperties>) =>
  Object.fromEntries(properties.map(([name, { value }]) => [name, value]));
const limits = (resources: LinuxResources, facts = manager) =>
  values(limitProperties(resources, facts));

test('parseUnit: slice, prefix and name become the unit and the directory that systemd makes', () => {
  const unit = (text: string) => {
    const { name, slice, path } = parseUnit(text, 'id', 'system.slice');
    return [name, slice, path];
  };
  expect(unit('system.slice:tiffin:web')).toEqual([
    'tiffin-web.scope',
    'system.slice',
    '/system.slice/tiffin-web.scope',
  ]);
  expect(unit('a-b.slice:p:n')[2]).toBe('/a.slice/a-b.slice/p-n.scope');
  expect(unit('-.slice:p:n')[2]).toBe('/p-n.scope');
  expect(unit(':p:n')[2]).toBe('/system.slice/p-n.scope');
  expect(unit('')[2]).toBe('/system.slice/tiffin-id.scope');
  expect(unit('user.slice::n')[0]).toBe('n.scope');
  expect(unit('user.slice::pod.slice')[2]).toBe('/user.slice/pod.slice');
  for (const text of ['/a/b', 'a:b', 'a:b:c:d']) {
    expect(() => unit(text)).toThrow(/expected cgroupsPath to be of format "slice:prefix:name"/);
  }
  expect(() => unit('system.slice:a:b/c')).toThrow(/not the name of a systemd unit/);
});

test('expandSlice refuses what is no slice', () => {
  for (const slice of [
    'a--b.slice',
    '-a.slice',
    'a-.slice',
    'a/b.slice',
    '.slice',
    'a',
    '../x.slice',
  ]) {
    expect(() => expandSlice(slice)).toThrow(/invalid slice name/);
  }
});

test('limitProperties says limits in the words of systemd', () => {
  const memory = { limit: 1000, reservation: 500, swap: 3000 };
  expect(limits({ memory })).toEqual({ MemoryMax: 1000n, MemoryLow: 500n, MemorySwapMax: 2000n });
  const infinity = 2n ** 64n - 1n;
  expect(limits({ memory: { limit: -1 } })).toEqual({
    MemoryMax: infinity,
    MemorySwapMax: infinity,
  });
  expect(limits({ pids: { limit: 0 } })).toEqual({ TasksMax: infinity });
  expect(limits({ cpu: { shares: 1024, idle: 1 } })).toEqual({ CPUWeight: 0n });
  // A third of a processor is no whole number of steps: rounded up, so that the kernel's own limit stays the narrower one.
  expect(limits({ cpu: { quota: 33_333 } })).toEqual({ CPUQuotaPerSecUSec: 340_000n });
  expect(limits({ cpu: { quota: -1, period: 50_000 } })).toEqual({
    CPUQuotaPeriodUSec: 50_000n,
    CPUQuotaPerSecUSec: infinity,
  });
  expect(limits({ cpu: { cpus: '0-2,9', mems: '0' } })).toEqual({
    AllowedCPUs: Uint8Array.of(0b111, 0b10),
    AllowedMemoryNodes: Uint8Array.of(1),
  });
  expect(limits({ blockIO: { weight: 1000 } })).toEqual({ IOWeight: 10_000n });
  expect(
    limits({ cpu: { cpus: '0', period: 1000, quota: 500 } }, { ...manager, version: 240 }),
  ).toEqual({ CPUQuotaPerSecUSec: 500_000n });
  expect(limits({ memory, cpu: { shares: 2 } }, { ...manager, unified: false })).toEqual({
    MemoryLimit: 1000n,
    CPUShares: 2n,
  });
});

test('limitProperties takes files of the unified hierarchy that systemd has a word for', () => {
  const unified = {
    'cpu.max': 'max 50000',
    'cpuset.cpus': '1',
    'memory.high': '4096',
    'memory.max': 'max',
    'io.bfq.weight': '5',
  };
  expect(limits({ unified })).toEqual({
    CPUQuotaPeriodUSec: 50_000n,
    CPUQuotaPerSecUSec: 2n ** 64n - 1n,
    AllowedCPUs: Uint8Array.of(2),
    MemoryHigh: 4096n,
    MemoryMax: 2n ** 64n - 1n,
  });
  for (const [file, text] of [
    ['memory.max', 'a lot'],
    ['cpuset.cpus', '5-1'],
    ['cpuset.cpus', '0-99999999'],
    ['cpu.weight', ''],
  ] as const) {
    expect(() => limits({ unified: { [file]: text } })).toThrow(/systemd cannot take/);
  }
});

test('deviceProperties lists permissions, and leaves what systemd cannot say to the own filter', () => {
  const [policy, allow] = deviceProperties({
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
      { allow: true, type: 'b', major: 8, access: 'r' },
    ],
  });
  expect(policy).toEqual(['DevicePolicy', { signature: 's', value: 'strict' }]);
  expect(allow?.[1].value).toContainEqual(['/dev/char/10:229', 'rw']);
  expect(allow?.[1].value).toContainEqual(['block-8', 'r']);
  expect(allow?.[1].value).toContainEqual(['char-*', 'm']);
  expect(allow?.[1].value).toContainEqual(['/dev/char/1:3', 'rwm']);
  const denies = [
    { allow: true, access: 'rwm' },
    { allow: false, type: 'b', access: 'w' },
  ];
  expect(deviceProperties({ devices: denies })).toEqual([
    ['DevicePolicy', { signature: 's', value: 'auto' }],
    ['DeviceAllow', { signature: 'a(ss)', value: [] }],
  ]);
});

test('annotatedProperties reads texts of systemd’s interface, with seconds as microseconds', () => {
  const read = (name: string, text: string) =>
    annotatedProperties({ other: 'x', [`org.systemd.property.${name}`]: text })[0];
  expect(read('CollectMode', "'inactive-or-failed'")).toEqual([
    'CollectMode',
    { signature: 's', value: 'inactive-or-failed' },
  ]);
  expect(read('TimeoutStopSec', '1.5')).toEqual([
    'TimeoutStopUSec',
    { signature: 't', value: 1_500_000n },
  ]);
  expect(read('TimeoutStopUSec', 'uint64 5')?.[1]).toEqual({ signature: 't', value: 5n });
  expect(read('SendSIGHUP', 'true')?.[1]).toEqual({ signature: 'b', value: true });
  expect(read('Before', "['a.service', 'b.service']")?.[1]).toEqual({
    signature: 'as',
    value: ['a.service', 'b.service'],
  });
  expect(read('Before', '@as []')?.[1]).toEqual({ signature: 'as', value: [] });
  expect(read('Nice', '-5')?.[1]).toEqual({ signature: 'i', value: -5 });
  for (const [name, text] of [
    ['A', '1'],
    ['Two-Words', '1'],
    ['Name', 'bare words'],
    ['Name', 'uint32 -1'],
    ['Name', 'byte 256'],
    ['Name', 'what 1'],
    ['Name', '[]'],
    ['Name', "[1, 'a']"],
    ['Name', "['a'"],
    ['Name', "'open"],
    ['WaitSec', "'text'"],
    ['WaitSec', '-1'],
  ] as const) {
    expect(() => read(name, text)).toThrow(/annotation/);
  }
});
