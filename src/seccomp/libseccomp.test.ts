/** Our filters decide as libseccomp's do; where rules of different strength overlap, see `compile.test.ts`. */

import { expect, test } from 'bun:test';
import type {
  LinuxSeccomp,
  LinuxSeccompArg,
  LinuxSyscall,
  SeccompAction,
} from '../spec/runtime/seccomp.ts';
import { returnValue } from './actions.ts';
import { syscallNumber } from './architectures.ts';
import { compileProfile } from './compile.ts';
import { syscallTable } from './data/syscalls.ts';
import { defaultProfile } from './default-profile.ts';
import { interpret, type SystemCall } from './testing/interpreter.ts';
import { Libseccomp } from './testing/libseccomp.ts';
import { generator, randomArgument, sampleArguments } from './testing/random.ts';

const AUDIT = { x86_64: 0xc000003e, x86: 0x40000003, arm: 0x40000028 };
const X32 = 0x40000000;
const ENOSYS = 0x00050026;

const ACTIONS: SeccompAction[] = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_LOG',
  'SCMP_ACT_ALLOW',
];
/** Known to libseccomp 2.5.4 as well, on every architecture. */
const NAMES = [
  'read',
  'write',
  'ioctl',
  'prctl',
  'clone',
  'mount',
  'kill',
  'dup3',
  'openat',
  'tkill',
];

/** libseccomp 2.5.4 ends with set_mempolicy_home_node. */
const LAST_KNOWN = 450;
/** It does not know uretprobe, and lets a rule without conditions override those with conditions. */
const OWN_WAY = ['uretprobe', 'ioctl', 'socket', 'socketcall'];

/** Indices of the arguments in each rule of a name. */
const ONE_RULE: readonly (readonly (readonly number[])[])[] = [
  [],
  [[]],
  [[0]],
  [[0, 1]],
  [[0, 1, 5]],
];

/** One rule for each name, with up to three conditions, or several whose actions may differ. */
function randomProfile(seed: number, several: boolean): LinuxSeccomp {
  const pick = generator(seed);
  const shapes = several
    ? [
        [[0], [0]],
        [[0, 1], [0], []],
        [[1, 5], [0, 1], [5]],
      ]
    : ONE_RULE;
  const syscalls = NAMES.flatMap((name) =>
    pick(shapes).map((indices) => ({
      names: [name],
      action: pick(ACTIONS),
      errnoRet: pick([0, 1, 38, 4094]),
      args: indices.map((index) => randomArgument(pick, index)),
    })),
  );
  return {
    defaultAction: pick(ACTIONS),
    architectures: pick([[], ['SCMP_ARCH_X86'], ['SCMP_ARCH_X86', 'SCMP_ARCH_X32']]),
    syscalls,
  };
}

/**
 * Several rules for one name are compared with `expected` instead: libseccomp 2.5.4 gives up at the first rule whose first condition
 * held, and mixes up the halves of 64-bit comparisons of the same argument.
 */
test('compileProfile: decides as libseccomp on random profiles, over architectures and arguments', () => {
  using libseccomp = new Libseccomp();
  let compared = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const profile = randomProfile(seed * 7919, false);
    const ours = compileProfile(profile, 'x86_64').filter;
    const theirs = libseccomp.compile(profile);
    for (const call of sampleCalls(generator(seed))) {
      const answer = interpret(ours, call).answer;
      if (answer === ENOSYS) continue;
      compared += 1;
      const context = { seed, call, answer };
      expect({ ...context, answer: interpret(theirs, call).answer }).toEqual(context);
    }
  }
  expect(compared).toBeGreaterThan(10_000);
});

test('compileProfile: decides as the rules read one by one, the strongest that holds', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const profile = randomProfile(seed * 104729, true);
    const ours = compileProfile(profile, 'x86_64').filter;
    const pick = generator(seed);
    for (const name of NAMES) {
      const number = syscallNumber(name, 'x86_64') ?? -1;
      for (let sample = 0; sample < 20; sample += 1) {
        const call = { number, audit: AUDIT.x86_64, args: sampleArguments(pick) };
        const context = { seed, name, call, answer: expected(profile, name, call.args) };
        expect({ ...context, answer: interpret(ours, call).answer }).toEqual(context);
      }
    }
  }
});

function sampleCalls(pick: <T>(choices: readonly T[]) => T): SystemCall[] {
  return Object.entries(AUDIT).flatMap(([architecture, audit]) =>
    [...NAMES, 'close', 'getpid'].flatMap((name) => {
      const base = syscallNumber(name, architecture === 'x86' ? 'x86' : 'x86_64') ?? 0;
      const numbers = architecture === 'x86_64' ? [base, base + X32] : [base];
      return numbers.flatMap((number) =>
        Array.from({ length: 15 }, () => {
          // A 32-bit program's arguments have no upper half.
          const wide = sampleArguments(pick);
          const args = architecture === 'x86' ? wide.map((value) => value & 0xffffffffn) : wide;
          return { number, audit, args };
        }),
      );
    }),
  );
}

/** The specification's words as code: slow, and without any of the compiler's parts but the values of actions. */
function expected(profile: LinuxSeccomp, name: string, args: readonly bigint[]): number {
  const otherwise = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const byConditions = (profile.syscalls ?? []).toSorted(
    (a, b) => Math.sign(b.args?.length ?? 0) - Math.sign(a.args?.length ?? 0),
  );
  const answers = byConditions
    .filter((rule) => rule.names.includes(name))
    .filter((rule) => returnValue(rule.action, rule.errnoRet) !== otherwise)
    .filter((rule, at, rules) => at === rules.findIndex((other) => alike(other, rule)))
    .filter((rule) => (rule.args ?? []).every((argument) => holds(argument, args)))
    .map((rule) => returnValue(rule.action, rule.errnoRet));
  // SECCOMP_RET_* are ordered as signed numbers; of equal actions the first counts, one with conditions before one without.
  return answers.toSorted((a, b) => (a & 0xffff0000) - (b & 0xffff0000))[0] ?? otherwise;
}

/** Of rules with the same conditions only the first counts. */
function alike({ args: one = [] }: LinuxSyscall, { args: other = [] }: LinuxSyscall): boolean {
  const text = (args: LinuxSeccompArg[]) =>
    args
      .map(({ index, op, value, valueTwo }) =>
        [index, op, value, op === 'SCMP_CMP_MASKED_EQ' ? valueTwo : 0].join(' '),
      )
      .sort()
      .join();
  return text(one) === text(other);
}

function holds(
  { index, op, value, valueTwo = 0 }: LinuxSeccompArg,
  args: readonly bigint[],
): boolean {
  const argument = BigInt.asUintN(64, args[index] ?? 0n);
  const wanted = BigInt(value);
  const results: Record<LinuxSeccompArg['op'], boolean> = {
    SCMP_CMP_NE: argument !== wanted,
    SCMP_CMP_LT: argument < wanted,
    SCMP_CMP_LE: argument <= wanted,
    SCMP_CMP_EQ: argument === wanted,
    SCMP_CMP_GE: argument >= wanted,
    SCMP_CMP_GT: argument > wanted,
    SCMP_CMP_MASKED_EQ: (argument & wanted) === (BigInt(valueTwo) & wanted),
  };
  return results[op];
}

test('defaultProfile: decides as libseccomp for every call that both know', () => {
  using libseccomp = new Libseccomp();
  for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_BPF']]) {
    const profile = defaultProfile(new Set(capabilities), 'x86_64');
    const ours = compileProfile(profile, 'x86_64').filter;
    const theirs = libseccomp.compile(profile);
    for (const [architecture, audit] of [
      ['x86_64', AUDIT.x86_64],
      ['x86', AUDIT.x86],
    ] as const) {
      for (const name of Object.keys(syscallTable())) {
        const number = syscallNumber(name, architecture);
        if (number === undefined || number > LAST_KNOWN || OWN_WAY.includes(name)) continue;
        for (const first of [0n, 1n, 8n, 38n, 39n, 40n, 41n, 0x20000n, 0x10000000n, 0xffffffffn]) {
          const call = { number, audit, args: [first, 2n] };
          const context = { architecture, name, first, answer: interpret(ours, call).answer };
          expect({ ...context, answer: interpret(theirs, call).answer }).toEqual(context);
        }
      }
    }
  }
});

test('compileProfile: frequent calls take fewer instructions than in libseccomp filters, chain or tree', () => {
  using libseccomp = new Libseccomp();
  const profile = defaultProfile(new Set(), 'x86_64');
  const count = (filter: Uint8Array, name: string) =>
    interpret(filter, { number: syscallNumber(name, 'x86_64') ?? -1, audit: AUDIT.x86_64 })
      .instructions;
  const names = [
    'read',
    'write',
    'futex',
    'epoll_wait',
    'close',
    'openat',
    'recvfrom',
    'sendto',
    'mmap',
  ];
  const mean = (filter: Uint8Array) =>
    names.reduce((sum, name) => sum + count(filter, name), 0) / names.length;
  const ours = mean(compileProfile(profile, 'x86_64').filter);
  expect(ours).toBeLessThan(9);
  expect(mean(libseccomp.compile(profile, 'x86_64', 1))).toBeGreaterThan(ours * 2);
  expect(mean(libseccomp.compile(profile, 'x86_64', 2))).toBeGreaterThan(ours * 1.5);
});
