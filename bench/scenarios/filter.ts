/** What a filter of system calls costs per call: ours beside libseccomp's of the same profile, as a chain and as a tree. */

import { resolve } from 'node:path';
import { syscallNumber } from '../../src/seccomp/architectures.ts';
import { compileProfile } from '../../src/seccomp/compile.ts';
import { defaultProfile } from '../../src/seccomp/default-profile.ts';
import { interpret } from '../../src/seccomp/testing/interpreter.ts';
import { Libseccomp } from '../../src/seccomp/testing/libseccomp.ts';
import { run } from '../command.ts';
import { type Figure, median } from '../measure.ts';
import type { Row } from '../table.ts';

const AUDIT_X86_64 = 0xc000003e;
const COMMON =
  'read write futex close openat epoll_wait recvfrom sendto mmap fstat newfstatat lseek poll getppid'.split(
    ' ',
  );

/**
 * The kernel answers the first from a bitmap without running the filter; the second depends on its argument, the third is refused.
 * ioctl and socket are no measure: libseccomp lets their plain rule hide the conditional denials and decides something else.
 */
const TIMED: readonly (readonly [string, readonly number[]])[] = [
  ['getppid', []],
  ['personality', [0xffffffff]],
  ['mount', []],
];

export function filterScenarios(work: string, rounds: number): Row[] {
  const profile = defaultProfile(new Set(), 'x86_64');
  using libseccomp = new Libseccomp();
  const filters: [string, Uint8Array][] = [
    ['tiffin', compileProfile(profile, 'x86_64').filter],
    ['libseccomp chain', libseccomp.compile(profile, 'x86_64', 1)],
    ['libseccomp tree', libseccomp.compile(profile, 'x86_64', 2)],
  ];
  return [
    instructionRow(filters),
    ...timeRows(work, [['no filter', new Uint8Array()], ...filters], rounds),
  ];
}

function instructionRow(filters: readonly [string, Uint8Array][]): Row {
  const figures = filters.map(([peer, filter]): Figure => {
    const counts = COMMON.map((name) => {
      const number = syscallNumber(name, 'x86_64') ?? -1;
      return interpret(filter, { number, audit: AUDIT_X86_64 }).instructions;
    }).toSorted((a, b) => a - b);
    return { peer, median: median(counts), min: counts[0] ?? 0, max: counts.at(-1) ?? 0 };
  });
  return {
    scenario: `seccomp, ${COMMON.length} common calls, default profile`,
    unit: 'instructions',
    figures,
    budget: atMostLibseccomp(1),
  };
}

function timeRows(work: string, filters: readonly [string, Uint8Array][], rounds: number): Row[] {
  const program = `${work}/filter-cost`;
  run(['cc', '-O2', '-o', program, resolve(import.meta.dir, 'filter-cost.c')]);
  const calls = TIMED.map(([name, args]) => [syscallNumber(name, 'x86_64'), ...args].join(','));
  const times = new Map(filters.map(([peer]) => [peer, TIMED.map((): number[] => [])]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [peer, filter] of filters) {
      const lines = run([program, ...calls], { input: filter })
        .trim()
        .split('\n')
        .map(Number);
      for (const [at, value] of lines.entries()) times.get(peer)?.[at]?.push(value);
    }
  }
  return TIMED.map(([name], at) => ({
    scenario: `seccomp, ${name} in a loop, default profile`,
    unit: 'ns',
    figures: filters.map(([peer]) => summary(peer, times.get(peer)?.[at] ?? [])),
    budget: atMostLibseccomp(1.05),
  }));
}

function summary(peer: string, values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  return { peer, median: median(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

function atMostLibseccomp(factor: number): NonNullable<Row['budget']> {
  return {
    text: "at most libseccomp's",
    met: (figures) => {
      const ours = figures.get('tiffin') ?? Number.POSITIVE_INFINITY;
      return ['libseccomp chain', 'libseccomp tree'].every(
        (peer) => ours <= (figures.get(peer) ?? 0) * factor,
      );
    },
  };
}
