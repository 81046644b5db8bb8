import { expect, test } from 'bun:test';
import { parseDockerProfile } from './seccomp-profile.ts';

const profile = (syscalls: unknown[]) =>
  JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, syscalls });
const rule = (name: string, more: object = {}) => ({
  names: [name],
  action: 'SCMP_ACT_ALLOW',
  ...more,
});

test('parseDockerProfile keeps rules whose conditions hold for these capabilities and this kernel', () => {
  const text = profile([
    rule('read'),
    rule('mount', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    rule('clone', { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
    rule('old', { includes: { minKernel: '2.6' } }),
    rule('new', { includes: { minKernel: '999.0' } }),
    rule('elsewhere', { includes: { arches: ['s390x'] } }),
  ]);
  const names = (capabilities: string[]) =>
    parseDockerProfile(text, new Set(capabilities)).syscalls?.flatMap((one) => one.names);
  expect(names([])).toEqual(['read', 'clone', 'old']);
  expect(names(['CAP_SYS_ADMIN'])).toEqual(['read', 'mount', 'old']);
});

test('parseDockerProfile refuses what is no profile', () => {
  const bad = [
    '',
    '[]',
    '{}',
    profile([{ names: ['x'] }]),
    profile([rule('x', { args: [{ index: 9, op: 'SCMP_CMP_EQ' }] })]),
  ];
  for (const text of bad) expect(() => parseDockerProfile(text, new Set())).toThrow();
  expect(() => parseDockerProfile(profile([{ names: ['x'], action: 'NO' }]), new Set())).toThrow(
    'unknown value "NO"',
  );
});
