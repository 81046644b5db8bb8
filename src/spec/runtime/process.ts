/** The container's process: runtime-spec config.md «Process» and «POSIX process». */

import {
  type Decoded,
  int32,
  integer,
  list,
  object,
  oneOf,
  text,
  truth,
  uint32,
  uint64,
} from './decode.ts';

const user = object(
  {},
  {
    uid: uint32,
    gid: uint32,
    /** File mode creation mask, 0 to 0o777. */
    umask: integer(0, 0o777),
    additionalGids: list(uint32),
    username: text,
  },
);
export type User = Decoded<typeof user>;

/** Names as in capabilities(7), such as `CAP_CHOWN`. */
const capabilities = object(
  {},
  {
    bounding: list(text),
    permitted: list(text),
    effective: list(text),
    inheritable: list(text),
    ambient: list(text),
  },
);
export type LinuxCapabilities = Decoded<typeof capabilities>;

/** `type` as in getrlimit(2), such as `RLIMIT_NOFILE`; 2^64 - 1 is «unlimited». */
const rlimit = object({ type: text, soft: uint64, hard: uint64 }, {});
export type PosixRlimit = Decoded<typeof rlimit>;

const scheduler = object(
  {
    policy: oneOf(
      'SCHED_OTHER',
      'SCHED_FIFO',
      'SCHED_RR',
      'SCHED_BATCH',
      'SCHED_ISO',
      'SCHED_IDLE',
      'SCHED_DEADLINE',
    ),
  },
  {
    nice: int32,
    priority: int32,
    flags: list(
      oneOf(
        'SCHED_FLAG_RESET_ON_FORK',
        'SCHED_FLAG_RECLAIM',
        'SCHED_FLAG_DL_OVERRUN',
        'SCHED_FLAG_KEEP_POLICY',
        'SCHED_FLAG_KEEP_PARAMS',
        'SCHED_FLAG_UTIL_CLAMP_MIN',
        'SCHED_FLAG_UTIL_CLAMP_MAX',
      ),
    ),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
);

const ioPriority = object(
  { class: oneOf('IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE') },
  { priority: int32 },
);

export const process = object(
  { cwd: text },
  {
    terminal: truth,
    /** In characters. */
    consoleSize: object({ height: uint64, width: uint64 }, {}),
    user,
    args: list(text),
    env: list(text),
    capabilities,
    rlimits: list(rlimit),
    noNewPrivileges: truth,
    apparmorProfile: text,
    oomScoreAdj: int32,
    scheduler,
    selinuxLabel: text,
    ioPriority,
    execCPUAffinity: object({}, { initial: text, final: text }),
  },
);
export type Process = Decoded<typeof process>;
