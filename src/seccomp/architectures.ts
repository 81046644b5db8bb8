/** Architectures a filter may admit, and the numbers of their system calls. */

import { TiffinError } from '../base/errors.ts';
import { SYSCALL_COLUMNS, syscallTable } from './data/syscalls.ts';

export type Architecture = (typeof SYSCALL_COLUMNS)[number];

/** An architecture a kernel of ours can be built for. */
export type NativeArchitecture = 'x86_64' | 'aarch64';

interface ArchitectureFacts {
  /** `arch` of struct seccomp_data: AUDIT_ARCH_*. */
  audit: number;
  /** Bits of a system call argument, as libseccomp compares them. */
  bits: 32 | 64;
  /** Smallest number of its calls; x32 shares `audit` with x86_64 and marks its calls by bit 30. */
  first: number;
}

export const ARCHITECTURES: Readonly<Record<Architecture, ArchitectureFacts>> = {
  x86_64: { audit: 0xc000003e, bits: 64, first: 0 },
  x32: { audit: 0xc000003e, bits: 32, first: 0x40000000 },
  x86: { audit: 0x40000003, bits: 32, first: 0 },
  aarch64: { audit: 0xc00000b7, bits: 64, first: 0 },
  arm: { audit: 0x40000028, bits: 32, first: 0 },
};

/** Of config-linux.md «Seccomp»: what no kernel of ours can execute needs no code. */
const FOREIGN: ReadonlySet<string> = new Set(
  'MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB'
    .split(' ')
    .map((name) => `SCMP_ARCH_${name}`),
);

/** SCMP_ARCH_* by the architecture. */
const LIBSECCOMP_NAMES: ReadonlyMap<string, Architecture> = new Map([
  ['SCMP_ARCH_X86_64', 'x86_64'],
  ['SCMP_ARCH_X32', 'x32'],
  ['SCMP_ARCH_X86', 'x86'],
  ['SCMP_ARCH_AARCH64', 'aarch64'],
  ['SCMP_ARCH_ARM', 'arm'],
]);

/** What a kernel of the native architecture can execute. */
const EXECUTABLE: Readonly<Record<NativeArchitecture, readonly Architecture[]>> = {
  x86_64: ['x86_64', 'x32', 'x86'],
  aarch64: ['aarch64', 'arm'],
};

/** SCMP_ARCH_* of all that a kernel of the native architecture can execute. */
export function executableNames(native: NativeArchitecture): string[] {
  return [...LIBSECCOMP_NAMES]
    .filter(([, architecture]) => EXECUTABLE[native].includes(architecture))
    .map(([name]) => name);
}

/** The architectures a profile admits: the native one always, of the others those that this kernel can execute. */
export function admittedArchitectures(
  names: readonly string[],
  native: NativeArchitecture,
): Architecture[] {
  const admitted = new Set<Architecture>([native]);
  for (const name of names) {
    const architecture = LIBSECCOMP_NAMES.get(name);
    if (architecture === undefined && !FOREIGN.has(name)) {
      throw new TiffinError(
        'invalid',
        'unknown-architecture',
        `linux.seccomp.architectures: unknown architecture: ${JSON.stringify(name.slice(0, 64))}`,
      );
    }
    if (architecture !== undefined && EXECUTABLE[native].includes(architecture)) {
      admitted.add(architecture);
    }
  }
  return [...admitted];
}

/** The number of a call, or undefined where the architecture does not have it. */
export function syscallNumber(name: string, architecture: Architecture): number | undefined {
  const table = syscallTable();
  if (!Object.hasOwn(table, name)) return undefined;
  const number = table[name]?.[SYSCALL_COLUMNS.indexOf(architecture)] ?? -1;
  return number < 0 ? undefined : number;
}

/** The architecture of this process; undefined where Tiffin has no tables. */
export function nativeArchitecture(): NativeArchitecture | undefined {
  if (process.arch === 'x64') return 'x86_64';
  return process.arch === 'arm64' ? 'aarch64' : undefined;
}
