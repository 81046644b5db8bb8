/** System call filters: runtime-spec config-linux.md «Seccomp». */

import { type Decoded, exactUint64, list, object, oneOf, text, uint32 } from './decode.ts';

const action = oneOf(
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
);
export type SeccompAction = Decoded<typeof action>;

const operator = oneOf(
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
);
export type SeccompOperator = Decoded<typeof operator>;

const argument = object(
  { index: uint32, value: exactUint64, op: operator },
  { valueTwo: exactUint64 },
);
export type LinuxSeccompArg = Decoded<typeof argument>;

const syscall = object({ names: list(text), action }, { errnoRet: uint32, args: list(argument) });
export type LinuxSyscall = Decoded<typeof syscall>;

export const seccomp = object(
  { defaultAction: action },
  {
    defaultErrnoRet: uint32,
    /** Names as libseccomp's SCMP_ARCH_*. */
    architectures: list(text),
    /** Names as SECCOMP_FILTER_FLAG_*. */
    flags: list(text),
    listenerPath: text,
    listenerMetadata: text,
    syscalls: list(syscall),
  },
);
export type LinuxSeccomp = Decoded<typeof seccomp>;
