/**
 * `features`: what this runtime can do (runtime-spec features.md and features-linux.md). By these pages that is not what the
 * machine can do: a runtime for both versions of cgroups says so on either.
 */

import { CAPABILITY_NAMES } from '../../spec/capabilities.ts';
import type { OciContext } from '../context.ts';
import { findCriu } from '../criu/program.ts';
import { mountOptionNames } from '../mount-options.ts';
import { MEMORY_POLICY_NAMES } from '../scheduling.ts';

export function features(context: OciContext): void {
  const document = {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.3.0',
    hooks: [
      'prestart',
      'createRuntime',
      'createContainer',
      'startContainer',
      'poststart',
      'poststop',
    ],
    mountOptions: mountOptionNames(),
    linux: {
      namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'],
      capabilities: CAPABILITY_NAMES,
      cgroup: {
        v1: true,
        v2: true,
        systemd: true,
        systemdUser: true,
        rdma: true,
      },
      seccomp: SECCOMP,
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      memoryPolicy: MEMORY_POLICY_NAMES,
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    annotations: {
      // Under this name callers of runc look for it.
      'org.opencontainers.runc.checkpoint.enabled': String(findCriu() !== undefined),
    },
  };
  context.print(`${JSON.stringify(document, null, 2)}\n`);
}

const SECCOMP = {
  enabled: true,
  actions: [
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_KILL',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_KILL_THREAD',
    'SCMP_ACT_LOG',
    'SCMP_ACT_NOTIFY',
    'SCMP_ACT_TRACE',
    'SCMP_ACT_TRAP',
  ],
  operators: [
    'SCMP_CMP_EQ',
    'SCMP_CMP_GE',
    'SCMP_CMP_GT',
    'SCMP_CMP_LE',
    'SCMP_CMP_LT',
    'SCMP_CMP_MASKED_EQ',
    'SCMP_CMP_NE',
  ],
  archs: [
    'SCMP_ARCH_AARCH64',
    'SCMP_ARCH_ARM',
    'SCMP_ARCH_X32',
    'SCMP_ARCH_X86',
    'SCMP_ARCH_X86_64',
  ],
  knownFlags: [
    'SECCOMP_FILTER_FLAG_LOG',
    'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
    'SECCOMP_FILTER_FLAG_TSYNC',
    'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
  ],
  supportedFlags: [
    'SECCOMP_FILTER_FLAG_LOG',
    'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
    'SECCOMP_FILTER_FLAG_TSYNC',
    'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
  ],
};
