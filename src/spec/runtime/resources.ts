/** Limits by control group: runtime-spec config-linux.md «Control groups». Sizes in bytes, times in microseconds. */

import {
  type Decoded,
  int64,
  list,
  object,
  record,
  text,
  truth,
  uint16,
  uint32,
  uint64,
} from './decode.ts';

const memory = object(
  {},
  {
    limit: int64,
    reservation: int64,
    /** Memory and swap together, as memory.memsw.limit_in_bytes counts. */
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: uint64,
    disableOOMKiller: truth,
    useHierarchy: truth,
    checkBeforeUpdate: truth,
  },
);
export type LinuxMemory = Decoded<typeof memory>;

const cpu = object(
  {},
  {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: text,
    mems: text,
    idle: int64,
  },
);
export type LinuxCpu = Decoded<typeof cpu>;

const throttle = object({ major: int64, minor: int64 }, { rate: uint64 });
export type LinuxThrottleDevice = Decoded<typeof throttle>;

const weight = object({ major: int64, minor: int64 }, { weight: uint16, leafWeight: uint16 });
export type LinuxWeightDevice = Decoded<typeof weight>;

const blockIO = object(
  {},
  {
    weight: uint16,
    leafWeight: uint16,
    weightDevice: list(weight),
    throttleReadBpsDevice: list(throttle),
    throttleWriteBpsDevice: list(throttle),
    throttleReadIOPSDevice: list(throttle),
    throttleWriteIOPSDevice: list(throttle),
  },
);
export type LinuxBlockIO = Decoded<typeof blockIO>;

/** `type` a, b or c; an absent or -1 number means all; `access` of r, w, m. */
const deviceRule = object(
  { allow: truth },
  { type: text, major: int64, minor: int64, access: text },
);
export type LinuxDeviceCgroup = Decoded<typeof deviceRule>;

/** `pageSize` such as `2MB`. */
const hugepageLimit = object({ pageSize: text, limit: uint64 }, {});
export type LinuxHugepageLimit = Decoded<typeof hugepageLimit>;

const network = object(
  {},
  { classID: uint32, priorities: list(object({ name: text, priority: uint32 }, {})) },
);

export const resources = object(
  {},
  {
    devices: list(deviceRule),
    memory,
    cpu,
    pids: object({ limit: int64 }, {}),
    blockIO,
    hugepageLimits: list(hugepageLimit),
    network,
    rdma: record(object({}, { hcaHandles: uint32, hcaObjects: uint32 })),
    /** File name to content, for the v2 hierarchy. */
    unified: record(text),
  },
);
export type LinuxResources = Decoded<typeof resources>;
