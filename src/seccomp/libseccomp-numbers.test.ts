/** Every number of every architecture gets from our filter what it gets from libseccomp's. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '../spec/runtime/seccomp.ts';
import {
  ARCHITECTURES,
  type Architecture,
  admittedArchitectures,
  type NativeArchitecture,
  syscallNumber,
} from './architectures.ts';
import { compileProfile } from './compile.ts';
import { syscallTable } from './data/syscalls.ts';
import { interpret } from './testing/interpreter.ts';
import { Libseccomp } from './testing/libseccomp.ts';
import { generator, randomArgument, sampleArguments } from './testing/random.ts';

const ENOSYS = 0x00050026;
const X32 = 0x40000000;
/** libseccomp 2.5.4 ends with set_mempolicy_home_node, and does not know two whose numbers are lower. */
const LAST_KNOWN = 450;
const UNKNOWN = ['uretprobe', 'uprobe'];
/** Rules for these and for what they carry, or for what has the same number, are several rules: see `libseccomp.test.ts`. */
const SHARED = ['socketcall', 'ipc', 'arm_sync_file_range', 'sync_file_range2', 'arm_fadvise64_64'];
/** Past the tables: borders, and what arm has far above. */
const ODD_NUMBERS = [
  ...Array.from({ length: 8 }, (_, index) => 0xf0000 + index),
  0x3fffffff,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
];

const MACHINES: { native: NativeArchitecture; architectures: string[] }[] = [
  { native: 'x86_64', architectures: [] },
  { native: 'x86_64', architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_MIPS'] },
  { native: 'aarch64', architectures: ['SCMP_ARCH_AARCH64'] },
  { native: 'aarch64', architectures: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'] },
];

const KNOWN_NAMES = Object.keys(syscallTable()).filter(
  (name) =>
    !UNKNOWN.includes(name) &&
    !SHARED.includes(name) &&
    (['x86_64', 'x86', 'aarch64', 'arm'] as const).every(
      (architecture) => (syscallNumber(name, architecture) ?? 0) <= LAST_KNOWN,
    ),
);

function numbersOf(architecture: Architecture): number[] {
  const { first } = ARCHITECTURES[architecture];
  const plain = Array.from({ length: LAST_KNOWN + 150 }, (_, number) => first + number);
  return [...plain, ...ODD_NUMBERS];
}

/** Both filters of the profile on every number, three sets of arguments each; the count of comparisons. */
function compareAll(
  libseccomp: Libseccomp,
  profile: LinuxSeccomp,
  native: NativeArchitecture,
  seed: number,
): number {
  const pick = generator(seed);
  const ours = compileProfile(profile, native).filter;
  const theirs = libseccomp.compile(profile, native);
  let compared = 0;
  const architectures: Architecture[] = ['x86_64', 'x32', 'x86', 'aarch64', 'arm'];
  for (const architecture of architectures) {
    const { audit, bits } = ARCHITECTURES[architecture];
    const newest = newestNamed(profile, architecture, native);
    for (const number of numbersOf(architecture)) {
      for (let sample = 0; sample < 3; sample += 1) {
        const wide = sampleArguments(pick);
        // A 32-bit program's arguments have no upper half.
        const args =
          bits === 32 && architecture !== 'x32' ? wide.map((value) => value & 0xffffffffn) : wide;
        const call = { number, audit, args };
        const own = interpret(ours, call).answer;
        const judged = number > newest(number) ? ENOSYS : interpret(theirs, call).answer;
        compared += 1;
        if (own !== judged) {
          expect({ seed, native, architecture, number, args, own }).toEqual({
            seed,
            native,
            architecture,
            number,
            args,
            own: judged,
          });
        }
      }
    }
  }
  return compared;
}

/** The newest call that a denying profile names; above it Tiffin answers ENOSYS before any rule, as runc does. */
function newestNamed(
  profile: LinuxSeccomp,
  architecture: Architecture,
  native: NativeArchitecture,
): (number: number) => number {
  const admitted = admittedArchitectures(profile.architectures ?? [], native);
  const denies =
    profile.defaultErrnoRet !== 38 &&
    !['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE'].includes(profile.defaultAction);
  return (number) => {
    // x32 shares its audit value with x86_64 and is told by bit 30.
    const long = number >= X32 ? 'x32' : 'x86_64';
    const mode = architecture === 'x32' || architecture === 'x86_64' ? long : architecture;
    if (!denies || !admitted.includes(mode)) return 0xffffffff;
    const named = (profile.syscalls ?? []).flatMap(({ names }) =>
      names.map((name) => syscallNumber(name, mode) ?? -1),
    );
    const newest = Math.max(-1, ...named);
    return newest < 0 ? 0xffffffff : newest;
  };
}

/** `count` names with a rule each; those that 32-bit x86 reaches in two ways without conditions. */
function randomProfile(seed: number, architectures: string[], count: number): LinuxSeccomp {
  const pick = generator(seed);
  const names = new Set(Array.from({ length: count }, () => pick(KNOWN_NAMES)));
  const syscalls = [...names].map(
    (name): LinuxSyscall => ({
      names: [name],
      action: pick(ACTIONS),
      errnoRet: pick([0, 1, 38, 4094]),
      args: TWO_WAYS.has(name) ? [] : randomArguments(pick),
    }),
  );
  return { defaultAction: pick(ACTIONS), architectures, syscalls };
}
const ACTIONS = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_LOG',
  'SCMP_ACT_ALLOW',
] as const;
const TWO_WAYS: ReadonlySet<string> = new Set(
  (
    'socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt ' +
    'getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg semop semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat ' +
    'shmdt shmget shmctl'
  ).split(' '),
);

function randomArguments(pick: <T>(choices: readonly T[]) => T): LinuxSeccompArg[] {
  const indices = pick([[], [], [0], [1, 4], [0, 2, 5]]);
  return indices.map((index) => randomArgument(pick, index));
}

test('compileProfile: every number of five architectures is decided as by libseccomp, on random profiles', () => {
  using libseccomp = new Libseccomp();
  let compared = 0;
  for (const [at, { native, architectures }] of MACHINES.entries()) {
    for (let seed = 1; seed <= 12; seed += 1) {
      const profile = randomProfile(seed * 6151 + at, architectures, 20 * seed);
      compared += compareAll(libseccomp, profile, native, seed);
    }
  }
  expect(compared).toBeGreaterThan(300_000);
}, 60_000);

interface ContainersRule extends LinuxSyscall {
  includes?: { caps?: string[]; arches?: string[] };
  excludes?: { caps?: string[]; arches?: string[] };
}

/** The profile that podman brings, for a container with these capabilities. */
function podmanProfile(capabilities: readonly string[], goArch: string): LinuxSeccomp {
  const { defaultAction, defaultErrnoRet, syscalls } = JSON.parse(
    readFileSync('/usr/share/containers/seccomp.json', 'utf8'),
  );
  const meets = (
    { caps = [], arches = [] }: NonNullable<ContainersRule['includes']>,
    empty: boolean,
  ) =>
    caps.length + arches.length === 0
      ? empty
      : caps.every((name) => capabilities.includes(name)) &&
        (arches.length === 0 || arches.includes(goArch));
  const rules: ContainersRule[] = syscalls;
  return {
    defaultAction,
    defaultErrnoRet,
    architectures:
      goArch === 'arm64'
        ? ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']
        : ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: rules
      .filter(
        ({ includes = {}, excludes = {} }) => meets(includes, true) && !meets(excludes, false),
      )
      .map(({ names, action, errnoRet, args }) => ({
        names: names.filter((name) => !UNKNOWN.includes(name)),
        action,
        ...(errnoRet === undefined ? {} : { errnoRet }),
        ...(args?.length ? { args } : {}),
      })),
  };
}

for (const capabilities of [[], ['CAP_AUDIT_WRITE'], ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE']]) {
  test(`compileProfile: decides podman's own profile as libseccomp does, with ${capabilities.join(' and ') || 'no capabilities'}`, () => {
    using libseccomp = new Libseccomp();
    for (const [native, goArch] of [
      ['x86_64', 'amd64'],
      ['aarch64', 'arm64'],
    ] as const) {
      const profile = podmanProfile(capabilities, goArch);
      expect(compareAll(libseccomp, profile, native, 7)).toBeGreaterThan(5000);
    }
  });
}
