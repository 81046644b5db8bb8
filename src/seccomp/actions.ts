/** What a filter answers: SECCOMP_RET_* (seccomp(2)), and which of two answers wins. */

import type { SeccompAction } from '../spec/runtime/seccomp.ts';

const ERRNO = 0x00050000;
const TRACE = 0x7ff00000;

export const KILL_PROCESS = 0x80000000;
export const ALLOW = 0x7fff0000;
export const EPERM = 1;
export const ENOSYS = 38;

const VALUES: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: KILL_PROCESS,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: ERRNO,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: TRACE,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: ALLOW,
};

/** The value a program returns; `errno` (by default EPERM) goes with ERRNO and, as the tracer's message, with TRACE. */
export function returnValue(action: SeccompAction, errno: number | undefined): number {
  const value = VALUES[action];
  return value === ERRNO || value === TRACE ? value + ((errno ?? EPERM) & 0xffff) : value;
}

/** The value for a call that this kernel does not have. */
export const NO_SUCH_CALL = ERRNO + ENOSYS;

/** Smaller is stronger: the kernel's order, in which killing the process comes before killing the thread. */
export function strength(value: number): number {
  // The kernel compares the action bits as a signed number.
  return (value & 0xffff0000) >> 0;
}
