import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinuxSeccomp, LinuxSyscall } from '../spec/runtime/seccomp.ts';
import { syscallNumber } from './architectures.ts';
import { cacheFile } from './cache.ts';
import { compileProfile } from './compile.ts';
import { compileSeccomp } from './index.ts';
import { interpret } from './testing/interpreter.ts';

const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const ARM64 = 0xc00000b7;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL_PROCESS = 0x80000000;

const name = (call: string) => syscallNumber(call, 'x86_64') ?? -1;

function decide(profile: LinuxSeccomp, call: string, args: bigint[] = []): number {
  const { filter } = compileProfile(profile, 'x86_64');
  return interpret(filter, { number: name(call), audit: X86_64, args }).answer;
}

function denying(...syscalls: LinuxSyscall[]): LinuxSeccomp {
  return { defaultAction: 'SCMP_ACT_ERRNO', syscalls };
}

function allowing(...syscalls: LinuxSyscall[]): LinuxSeccomp {
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls };
}

test('compileProfile: every action becomes its SECCOMP_RET value, errnoRet goes with ERRNO and TRACE', () => {
  const answers = (
    [
      ['SCMP_ACT_KILL', undefined],
      ['SCMP_ACT_KILL_THREAD', undefined],
      ['SCMP_ACT_KILL_PROCESS', undefined],
      ['SCMP_ACT_TRAP', undefined],
      ['SCMP_ACT_ERRNO', undefined],
      ['SCMP_ACT_ERRNO', 38],
      ['SCMP_ACT_ERRNO', 0],
      ['SCMP_ACT_TRACE', 7],
      ['SCMP_ACT_LOG', undefined],
    ] as const
  ).map(([action, errnoRet]) =>
    decide(
      allowing({ names: ['mount'], action, ...(errnoRet === undefined ? {} : { errnoRet }) }),
      'mount',
    ),
  );
  expect(answers).toEqual([
    0, 0, 0x80000000, 0x00030000, 0x00050001, 0x00050026, 0x00050000, 0x7ff00007, 0x7ffc0000,
  ]);
});

test('compileProfile: an errno that 16 bits would cut to another one is refused', () => {
  for (const [action, errnoRet] of [
    ['SCMP_ACT_ERRNO', 4096],
    ['SCMP_ACT_TRACE', 65536],
  ] as const) {
    const rule: LinuxSyscall = { names: ['read'], action, errnoRet };
    expect(() => compileProfile(allowing(rule), 'x86_64')).toThrow(/is above/);
  }
});

test('compileProfile: defaultErrnoRet is the errno of calls that no rule names', () => {
  const profile = {
    ...denying({ names: ['mount'], action: 'SCMP_ACT_ALLOW' }),
    defaultErrnoRet: 13,
  };
  expect(decide(profile, 'read')).toBe(0x0005000d);
});

test('compileProfile: calls newer than any in a denying profile get ENOSYS, older ones its errno', () => {
  const profile = denying({ names: ['read', 'openat2'], action: 'SCMP_ACT_ALLOW' });
  expect(decide(profile, 'openat2')).toBe(ALLOW);
  expect(decide(profile, 'clone3')).toBe(EPERM);
  expect(decide(profile, 'faccessat2')).toBe(ENOSYS);
  expect(decide(allowing(), 'faccessat2')).toBe(ALLOW);
});

test('compileProfile: a foreign architecture and an x32 call kill the process unless admitted', () => {
  const profile = denying({ names: ['read'], action: 'SCMP_ACT_ALLOW' });
  const { filter } = compileProfile(profile, 'x86_64');
  expect(interpret(filter, { number: 3, audit: I386 }).answer).toBe(KILL_PROCESS);
  expect(interpret(filter, { number: 0x40000000, audit: X86_64 }).answer).toBe(KILL_PROCESS);
  const wide = { ...profile, architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_S390X'] };
  const both = compileProfile(wide, 'x86_64').filter;
  expect(interpret(both, { number: 3, audit: I386 }).answer).toBe(ALLOW);
  expect(interpret(both, { number: 0x40000000, audit: X86_64 }).answer).toBe(ALLOW);
  expect(interpret(both, { number: 3, audit: ARM64 }).answer).toBe(KILL_PROCESS);
});

test('compileProfile: arm64 and its 32-bit mode have their own numbers', () => {
  const profile = {
    ...denying({ names: ['read', 'cacheflush'], action: 'SCMP_ACT_ALLOW' }),
    architectures: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  };
  const { filter } = compileProfile(profile, 'aarch64');
  expect(interpret(filter, { number: 63, audit: ARM64 }).answer).toBe(ALLOW);
  expect(interpret(filter, { number: 3, audit: 0x40000028 }).answer).toBe(ALLOW);
  expect(interpret(filter, { number: 0xf0002, audit: 0x40000028 }).answer).toBe(ALLOW);
  expect(interpret(filter, { number: 0xf0001, audit: 0x40000028 }).answer).toBe(EPERM);
});

test('compileProfile: names that no architecture knows are passed over, prototype names included', () => {
  const profile = denying({
    names: ['read', 'no_such_call', '__proto__', 'constructor', 'toString', ''],
    action: 'SCMP_ACT_ALLOW',
  });
  expect(decide(profile, 'read')).toBe(ALLOW);
});

test('compileProfile: conditions of one rule must all hold', () => {
  const profile = denying({
    names: ['socket'],
    action: 'SCMP_ACT_ALLOW',
    args: [
      { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
      { index: 1, value: 2, op: 'SCMP_CMP_GE' },
    ],
  });
  expect(decide(profile, 'socket', [1n, 2n])).toBe(ALLOW);
  expect(decide(profile, 'socket', [1n, 1n])).toBe(EPERM);
  expect(decide(profile, 'socket', [2n, 2n])).toBe(EPERM);
});

test('compileProfile: conditions that name one argument twice are alternatives', () => {
  const profile = denying({
    names: ['socket'],
    action: 'SCMP_ACT_ALLOW',
    args: [
      { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
      { index: 0, value: 10, op: 'SCMP_CMP_EQ' },
    ],
  });
  expect([1n, 10n, 2n].map((family) => decide(profile, 'socket', [family]))).toEqual([
    ALLOW,
    ALLOW,
    EPERM,
  ]);
});

test('compileProfile: of several rules that hold the strongest answer wins, in either order', () => {
  const deny: LinuxSyscall = {
    names: ['ioctl'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: 5,
    args: [{ index: 1, value: 0x5412, op: 'SCMP_CMP_EQ' }],
  };
  const kill: LinuxSyscall = {
    names: ['ioctl'],
    action: 'SCMP_ACT_KILL_PROCESS',
    args: [{ index: 0, value: 9, op: 'SCMP_CMP_EQ' }],
  };
  const allow: LinuxSyscall = { names: ['ioctl'], action: 'SCMP_ACT_ALLOW' };
  for (const profile of [denying(allow, deny, kill), denying(kill, deny, allow)]) {
    expect(decide(profile, 'ioctl', [0n, 0x5413n])).toBe(ALLOW);
    expect(decide(profile, 'ioctl', [0n, 0x5412n])).toBe(0x00050005);
    expect(decide(profile, 'ioctl', [9n, 0x5412n])).toBe(KILL_PROCESS);
  }
});

test('compileProfile: of two rules with the same conditions, or without any, the first counts', () => {
  const args = [
    { index: 1, value: 1, op: 'SCMP_CMP_EQ' as const },
    { index: 0, value: 7, op: 'SCMP_CMP_GT' as const },
  ];
  const both = (
    first: LinuxSyscall['action'],
    second: LinuxSyscall['action'],
    given?: typeof args,
  ) =>
    denying(
      { names: ['ioctl'], action: first, ...(given ? { args: given } : {}) },
      { names: ['ioctl'], action: second, ...(given ? { args: given.toReversed() } : {}) },
    );
  for (const given of [undefined, args]) {
    const sample = [9n, 1n];
    expect(decide(both('SCMP_ACT_ALLOW', 'SCMP_ACT_KILL', given), 'ioctl', sample)).toBe(ALLOW);
    expect(decide(both('SCMP_ACT_KILL', 'SCMP_ACT_ALLOW', given), 'ioctl', sample)).toBe(0);
  }
});

test('compileProfile: values beyond 2^53 are compared in every bit', () => {
  for (const value of [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 2n]) {
    const args = [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }];
    const profile = denying({ names: ['read'], action: 'SCMP_ACT_ALLOW', args });
    expect(decide(profile, 'read', [value])).toBe(ALLOW);
    expect(decide(profile, 'read', [value + 1n])).toBe(EPERM);
    expect(decide(profile, 'read', [value - 1n])).toBe(EPERM);
  }
});

test('compileProfile: a profile that traces by default leaves new calls to the tracer', () => {
  const profile: LinuxSeccomp = {
    defaultAction: 'SCMP_ACT_TRACE',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
  };
  expect(decide(profile, 'openat2')).toBe(0x7ff00001);
});

test('compileProfile: a rule that repeats the default action does not override another rule', () => {
  const profile = denying(
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020000, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['clone'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
  );
  expect(decide(profile, 'clone', [0x11n])).toBe(ALLOW);
  expect(decide(profile, 'clone', [0x10000000n])).toBe(EPERM);
});

test('compileProfile: a rule for socket or shmget also holds through socketcall and ipc on 32-bit x86', () => {
  const profile = {
    ...allowing({ names: ['socket', 'shmget'], action: 'SCMP_ACT_ERRNO' } as LinuxSyscall),
    architectures: ['SCMP_ARCH_X86'],
  };
  const { filter } = compileProfile(profile, 'x86_64');
  const answer = (number: number, first: bigint) =>
    interpret(filter, { number, audit: I386, args: [first] }).answer;
  expect([answer(102, 1n), answer(102, 2n)]).toEqual([EPERM, ALLOW]);
  expect([answer(117, 23n), answer(117, 24n)]).toEqual([EPERM, ALLOW]);
});

test('compileProfile: a filter too long for the kernel is refused with its length', () => {
  const many = Array.from(
    { length: 1100 },
    (_, value): LinuxSyscall => ({
      names: ['ioctl'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 1, value, op: 'SCMP_CMP_EQ' }],
    }),
  );
  expect(() => compileProfile(allowing(...many), 'x86_64')).toThrow(
    /the filter has \d+ instructions/,
  );
});

test('compileProfile: jumps over more than 255 instructions reach their targets', () => {
  const rules = Array.from(
    { length: 60 },
    (_, value): LinuxSyscall => ({
      names: ['ioctl', 'prctl'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: value + 2,
      args: [{ index: 1, value, op: 'SCMP_CMP_EQ' }],
    }),
  );
  const profile = allowing(...rules, { names: ['read', 'tee'], action: 'SCMP_ACT_LOG' });
  const { filter } = compileProfile(profile, 'x86_64');
  expect(filter.length / 8).toBeGreaterThan(300);
  for (const [index] of rules.entries()) {
    expect(decide(profile, 'prctl', [0n, BigInt(index)])).toBe(0x00050002 + index);
  }
  expect(['read', 'write', 'tee', 'ioctl'].map((call) => decide(profile, call, [0n, 99n]))).toEqual(
    [0x7ffc0000, ALLOW, 0x7ffc0000, ALLOW],
  );
});

test('compileProfile: flags become their bits, none means that speculation is left alone', () => {
  expect(compileProfile(allowing(), 'x86_64').flags).toBe(4);
  expect(compileProfile({ ...allowing(), flags: [] }, 'x86_64').flags).toBe(0);
  const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'];
  expect(compileProfile({ ...allowing(), flags }, 'x86_64').flags).toBe(3);
  expect(() => compileProfile({ ...allowing(), flags: ['x'] }, 'x86_64')).toThrow(
    /unknown flag: "x"/,
  );
});

test('compileProfile: flags fit the listener: WAIT_KILLABLE_RECV needs one, TSYNC goes without one alone', () => {
  const flags = ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'];
  expect(compileProfile({ ...allowing(), flags }, 'x86_64')).toMatchObject({
    flags: 1,
    notifies: false,
  });
  const profile = { ...allowing({ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }), flags };
  expect(compileProfile({ ...profile, listenerPath: '/a' }, 'x86_64')).toMatchObject({
    flags: 8 + 32,
    notifies: true,
  });
});

test('compileProfile: a notifying profile needs a listener and may notify of any call', () => {
  const notify = (...names: string[]) => allowing({ names, action: 'SCMP_ACT_NOTIFY' });
  const listenerPath = '/run/agent.sock';
  expect(compileProfile({ ...notify('mount'), listenerPath }, 'x86_64').flags).toBe(4 + 8);
  expect(() => compileProfile(notify('mount'), 'x86_64')).toThrow(/needs listenerPath/);
  expect(compileProfile({ ...notify('write', 'sendmsg'), listenerPath }, 'x86_64').notifies).toBe(
    true,
  );
  const all = { defaultAction: 'SCMP_ACT_NOTIFY' as const };
  expect(compileProfile({ ...all, listenerPath }, 'x86_64').notifies).toBe(true);
  expect(() => compileProfile(all, 'x86_64')).toThrow(/needs listenerPath/);
});

test('compileProfile: an argument index above 5 and a strange architecture are refused', () => {
  const args = [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' as const }];
  const rule: LinuxSyscall = { names: ['read'], action: 'SCMP_ACT_ERRNO', args };
  expect(() => compileProfile(allowing(rule), 'x86_64')).toThrow(/argument 6/);
  const profile = { ...allowing(), architectures: ['amd64'] };
  expect(() => compileProfile(profile, 'x86_64')).toThrow(/unknown architecture: "amd64"/);
  const made = { ...allowing(), architectures: ['SCMP_ARCH_Z80'] };
  expect(() => compileProfile(made, 'x86_64')).toThrow(/unknown architecture: "SCMP_ARCH_Z80"/);
});

test('compileSeccomp: the same profile object gives the same filter object', () => {
  const profile = allowing();
  expect(compileSeccomp(profile, 'x86_64')).toBe(compileSeccomp(profile, 'x86_64'));
  expect(compileSeccomp(profile, 'aarch64')).not.toBe(compileSeccomp(profile, 'x86_64'));
});

test('compileSeccomp: a cached file gives the same filter, and a damaged one is compiled anew', () => {
  const root = mkdtempSync(join(tmpdir(), 'tiffin-seccomp-'));
  try {
    const directory = join(root, 'seccomp');
    const args = [{ index: 0, value: 2n ** 64n - 1n, op: 'SCMP_CMP_EQ' as const }];
    const profile = () => denying({ names: ['read'], action: 'SCMP_ACT_ALLOW', args });
    const first = compileSeccomp(profile(), 'x86_64', directory);
    const file = cacheFile(directory, profile(), 'x86_64');
    expect(readdirSync(directory).map((entry) => join(directory, entry))).toEqual([file]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(compileSeccomp(profile(), 'x86_64', directory)).toEqual(first);
    truncateSync(file, statSync(file).size - 8);
    expect(compileSeccomp(profile(), 'x86_64', directory)).toEqual(first);
    expect(compileSeccomp(profile(), 'aarch64', directory)).not.toEqual(first);
  } finally {
    rmSync(root, { recursive: true });
  }
});
