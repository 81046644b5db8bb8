/**
 * Writes src/seccomp/data/syscalls.ts from kernel headers:
 *
 *   bun tools/generate-syscalls.ts <arm64 include directory> <arm include directory> > src/seccomp/data/syscalls.ts
 *
 * The x86 headers are the machine's own; the others come with Debian's linux-libc-dev-*-cross packages.
 */

import { writeSync } from 'node:fs';

interface Architecture {
  name: string;
  /** Arguments for the C preprocessor. */
  flags: string[];
  header: string;
}

/** System calls of kernels newer than the headers; numbers from 424 on are the same on every architecture here. */
const NEWER: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
};

/** Calls of one architecture only. */
const NEWER_X86_64: Readonly<Record<string, number>> = { uretprobe: 335, uprobe: 336 };

const NOT_CALLS = new Set([
  'syscalls',
  'arch_specific_syscall',
  'SYSCALL_BASE',
  'OABI_SYSCALL_BASE',
]);

const [arm64Include = '', armInclude = ''] = process.argv.slice(2);
const cross = (directory: string) => ['-nostdinc', '-I', directory];

const architectures: Architecture[] = [
  { name: 'x86_64', flags: [], header: 'asm/unistd_64.h' },
  { name: 'x32', flags: ['-D__X32_SYSCALL_BIT=0x40000000'], header: 'asm/unistd_x32.h' },
  { name: 'x86', flags: [], header: 'asm/unistd_32.h' },
  { name: 'aarch64', flags: cross(arm64Include), header: 'asm/unistd.h' },
  { name: 'arm', flags: [...cross(armInclude), '-D__ARM_EABI__'], header: 'asm/unistd.h' },
];

const columns = await Promise.all(architectures.map(numbersOf));
const names = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort();

const architectureNames = architectures.map(({ name }) => `'${name}'`).join(', ');
const rows = names.map(
  (name) => `    ${name}: [${columns.map((column) => column.get(name) ?? -1).join(', ')}],\n`,
);

writeSync(
  1,
  `// Written by tools/generate-syscalls.ts; not to be edited.

/** Architectures of the columns of the table. */
export const SYSCALL_COLUMNS = [${architectureNames}] as const;

let table: Readonly<Record<string, readonly number[]>> | undefined;

/**
 * System call name → number by architecture; -1: the architecture does not have it.
 * Made when first asked for, because most runs of the program compile no filter.
 */
export function syscallTable(): Readonly<Record<string, readonly number[]>> {
  // biome-ignore format: one line each
  table ??= {
${rows.join('')}  };
  return table;
}
`,
);

async function numbersOf(architecture: Architecture): Promise<Map<string, number>> {
  const macros = await preprocess(architecture, ['-dM'], `#include <${architecture.header}>\n`);
  const found = [...macros.matchAll(/^#define (__(?:ARM_)?NR_(\w+))/gm)].filter(
    ([, , name = '']) => !NOT_CALLS.has(name) && !/^[A-Z]/.test(name),
  );
  const lines = found.map(([, macro, name]) => `@${name} ${macro}\n`).join('');
  const expanded = await preprocess(
    architecture,
    [],
    `#include <${architecture.header}>\n${lines}`,
  );
  const numbers = new Map(
    Object.entries(NEWER).map(([name, number]) => [name, offset(architecture, number)]),
  );
  if (architecture.name.startsWith('x86_64')) {
    for (const [name, number] of Object.entries(NEWER_X86_64)) numbers.set(name, number);
  }
  for (const [, name = '', expression = ''] of expanded.matchAll(/^@(\w+) (.*)$/gm)) {
    const value = sum(expression);
    if (value !== undefined) numbers.set(name, value);
  }
  return numbers;
}

function offset({ name }: Architecture, number: number): number {
  return name === 'x32' ? 0x40000000 + number : number;
}

/** The headers write numbers and sums of numbers. */
function sum(expression: string): number | undefined {
  const terms = expression
    .replace(/[()\s]/g, '')
    .split('+')
    .map(Number);
  return terms.some(Number.isNaN) ? undefined : terms.reduce((a, b) => a + b, 0);
}

async function preprocess(
  { flags }: Architecture,
  more: string[],
  source: string,
): Promise<string> {
  const cc = Bun.spawn(['cc', '-E', '-P', ...more, ...flags, '-'], {
    stdin: new TextEncoder().encode(source),
    stderr: 'inherit',
  });
  const text = await new Response(cc.stdout).text();
  if ((await cc.exited) !== 0) throw new Error(`cc failed for ${flags.join(' ')}`);
  return text;
}
