/** The profile of a container that brings none: deny by default. */

import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '../spec/runtime/seccomp.ts';
import { ENOSYS, EPERM } from './actions.ts';
import { type NativeArchitecture, nativeArchitecture } from './architectures.ts';
import { ALWAYS, BY_CAPABILITY, words } from './default-calls.ts';

const EIO = 5;
const EAFNOSUPPORT = 97;
const AF_ALG = 38;
const AF_VSOCK = 40;
const SYS_SOCKET = 1;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const LOW_WORD = 0xffffffff;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NAMESPACE_FLAGS = 0x7e020000;

/** PER_LINUX, PER_LINUX32, both with UNAME26, and the question what it is. */
const PERSONALITIES = [0, 0x0008, 0x20000, 0x20008, 0xffffffff];

/** Without x32, which no distribution's kernel runs by default and which doubles what can be called. */
const ADMITTED: Readonly<Record<NativeArchitecture, string[]>> = {
  x86_64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  aarch64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

const profiles = new Map<string, LinuxSeccomp>();

/** The profile for a container with these capabilities (`CAP_SYS_ADMIN` …). The same object for the same set. */
export function defaultProfile(
  capabilities: ReadonlySet<string>,
  native: NativeArchitecture | undefined = nativeArchitecture(),
): LinuxSeccomp {
  const relevant = Object.keys(BY_CAPABILITY).filter((name) => capabilities.has(name));
  const key = `${native} ${relevant.join(' ')}`;
  let profile = profiles.get(key);
  if (profile === undefined) {
    profile = buildProfile(relevant, native);
    profiles.set(key, profile);
  }
  return profile;
}

function buildProfile(
  capabilities: readonly string[],
  native: NativeArchitecture | undefined,
): LinuxSeccomp {
  const names = [ALWAYS, ...capabilities.map((name) => BY_CAPABILITY[name] ?? '')].flatMap(words);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: native === undefined ? [] : ADMITTED[native],
    syscalls: [
      allow(names),
      ...sockets(),
      ...terminalInput(),
      ...PERSONALITIES.map((value) => allow(['personality'], [argument(0, 'SCMP_CMP_EQ', value)])),
      ...(capabilities.includes('CAP_SYS_ADMIN') ? [] : namespaces()),
    ],
  };
}

/**
 * AF_ALG and AF_VSOCK are denied: kernel crypto as an attack surface (CVE-2026-31431), and a way to the hypervisor. The kernel
 * looks only at the low word of the family, so the rule must too: 2^32 + 38 is greater than 40, and AF_ALG.
 */
function sockets(): LinuxSyscall[] {
  return [
    allow(['socket']),
    denyLowWord('socket', 0, AF_ALG, EAFNOSUPPORT),
    denyLowWord('socket', 0, AF_VSOCK, EAFNOSUPPORT),
    // socketcall hides the family behind a pointer. Every C library since Linux 4.3 calls socket itself.
    // Allowing socket opens that way too, so it needs its own denial.
    allow(['socketcall'], [argument(0, 'SCMP_CMP_GT', SYS_SOCKET)]),
    denyLowWord('socketcall', 0, SYS_SOCKET, EAFNOSUPPORT),
  ];
}

/** Typing into the terminal on behalf of its user is denied, with the errno of kernels that have it switched off. */
function terminalInput(): LinuxSyscall[] {
  return [
    allow(['ioctl']),
    denyLowWord('ioctl', 1, TIOCSTI, EIO),
    denyLowWord('ioctl', 1, TIOCLINUX, EIO),
  ];
}

/** New namespaces are denied. clone3 has its flags behind a pointer; on ENOSYS C libraries go back to clone. */
function namespaces(): LinuxSyscall[] {
  return [
    allow(['clone'], [argument(0, 'SCMP_CMP_MASKED_EQ', NAMESPACE_FLAGS)]),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}

function allow(names: string[], args?: LinuxSeccompArg[]): LinuxSyscall {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args === undefined ? {} : { args }) };
}

/** `errnoRet` must not be the default's: a rule that repeats the default gives way to one that allows. */
function denyLowWord(name: string, index: number, value: number, errnoRet: number): LinuxSyscall {
  const args = [argument(index, 'SCMP_CMP_MASKED_EQ', LOW_WORD, value)];
  return { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet, args };
}

function argument(
  index: number,
  op: LinuxSeccompArg['op'],
  value: number,
  valueTwo?: number,
): LinuxSeccompArg {
  return { index, value, op, ...(valueTwo === undefined ? {} : { valueTwo }) };
}
