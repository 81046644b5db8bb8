/** The door of this folder: OCI runtime-spec 1.3.0 for Linux. */

export { sysctlNamespace } from './check-sysctls.ts';
export { parseExactJson } from './decode.ts';
export type { Hook, HookPoint, Hooks } from './hooks.ts';
export type { Linux, LinuxDevice, LinuxNamespace, LinuxNetDevice, NamespaceType } from './linux.ts';
export type { LinuxIdMapping } from './mappings.ts';
export type { Mount, Root } from './mounts.ts';
export type { LinuxCapabilities, PosixRlimit, Process, User } from './process.ts';
export type {
  LinuxBlockIO,
  LinuxCpu,
  LinuxDeviceCgroup,
  LinuxHugepageLimit,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
  LinuxWeightDevice,
} from './resources.ts';
export type {
  LinuxSeccomp,
  LinuxSeccompArg,
  LinuxSyscall,
  SeccompAction,
  SeccompOperator,
} from './seccomp.ts';
export {
  checkProcess,
  parseProcess,
  parseResources,
  parseRuntimeSpec,
  type RuntimeSpec,
} from './spec.ts';
