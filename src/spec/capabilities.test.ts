import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import {
  adjustCapabilities,
  CAPABILITY_NAMES,
  capabilityMask,
  capabilityNames,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from './capabilities.ts';

test('CAPABILITY_NAMES: the numbers are those of the kernel headers', () => {
  const header = '/usr/include/linux/capability.h';
  if (!existsSync(header)) {
    console.log(`left out: ${header} is absent`);
    return;
  }
  const defined = [...readFileSync(header, 'utf8').matchAll(/^#define (CAP_\w+)\s+(\d+)$/gm)];
  expect(defined.length).toBe(41);
  for (const [, name = '', number] of defined) {
    expect(`${CAPABILITY_NAMES[Number(number)]} ${number}`).toBe(`${name} ${number}`);
  }
});

test('parseCapability: takes any case, with and without the prefix, and nothing else', () => {
  for (const text of ['net_admin', 'NET_ADMIN', 'cap_net_admin', 'CAP_NET_ADMIN', ' Net_Admin ']) {
    expect(parseCapability(text)).toBe('CAP_NET_ADMIN');
  }
  for (const text of ['', 'CAP_', 'CAP_CAP_KILL', 'ALL', '__proto__', 'toString', 'net-admin']) {
    expect(parseCapability(text)).toBeUndefined();
  }
});

test('capabilityMask and capabilityNames: are each other’s reverse over all 41', () => {
  expect(capabilityMask(CAPABILITY_NAMES)).toBe((1n << 41n) - 1n);
  for (const [number, name] of CAPABILITY_NAMES.entries()) {
    expect(capabilityMask([name])).toBe(1n << BigInt(number));
    expect(capabilityNames(1n << BigInt(number))).toEqual([name]);
  }
  expect(capabilityNames(1n << 41n)).toEqual([]);
  expect(() => capabilityMask(['CAP_FOO'])).toThrow('unknown capability: "CAP_FOO"');
});

test('capabilityMask: the default set is Docker’s 0xa80425fb', () => {
  expect(capabilityMask(DEFAULT_CAPABILITIES)).toBe(0xa80425fbn);
});

test('adjustCapabilities: adds and drops by Docker’s rules', () => {
  const base = ['CAP_CHOWN', 'CAP_KILL'] as const;
  expect(adjustCapabilities(base, ['net_admin'], ['kill'])).toEqual(['CAP_CHOWN', 'CAP_NET_ADMIN']);
  expect(adjustCapabilities(base, ['ALL'], ['kill'])).toHaveLength(40);
  expect(adjustCapabilities(base, [], ['all'])).toEqual([]);
  expect(adjustCapabilities(base, ['CAP_KILL'], ['ALL'])).toEqual(['CAP_KILL']);
  expect(adjustCapabilities(base, ['kill'], ['kill'])).toEqual([...base]);
  expect(() => adjustCapabilities(base, ['foo'], [])).toThrow(
    'invalid CapAdd: unknown capability: "foo"',
  );
});
