/** What a filter answers: SECCOMP_RET_* (seccomp(2)), and which of two answers wins. */

import { TiffinError } from '../base/errors.ts';
import type { SeccompAction } from '../spec/runtime/seccomp.ts';

const ERRNO = 0x00050000;
const TRACE = 0x7ff00000;
const MAX_ERRNO = 4095;
const MAX_MESSAGE = 0xffff;

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
export function returnValue(action: SeccompAction, errno = EPERM): number {
  const value = VALUES[action];
  const largest = value === ERRNO ? MAX_ERRNO : MAX_MESSAGE;
  if (value !== ERRNO && value !== TRACE) return value;
  // Cut to 16 bits, 65536 would mean success without doing anything.
  if (errno > largest) {
    throw new TiffinError(
      'invalid',
      'invalid-errno',
      `linux.seccomp: errnoRet ${errno} of ${action} is above ${largest}`,
    );
  }
  return value + errno;
}

/** The value for a call that this kernel does not have. */
export const NO_SUCH_CALL = ERRNO + ENOSYS;

/** Smaller is stronger: the kernel's order, in which killing the process comes before killing the thread. */
export function strength(value: number): number {
  // The kernel compares the action bits as a signed number.
  return value & 0xffff0000;
}
