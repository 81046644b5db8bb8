/** What a well-typed config.json must also fulfil: small named checks, each returning its complaints. */

import { mountMappings, mountPlaces, mountTypes } from './check-mounts.ts';
import {
  hostNames,
  namespacePaths,
  namespacesOnce,
  overlappingMappings,
  timeOffsets,
  userMappings,
} from './check-namespaces.ts';
import { networkDevices } from './check-network-devices.ts';
import {
  environment,
  oomScore,
  processArguments,
  rlimitNames,
  securityLabels,
  userIds,
  workingDirectory,
} from './check-process.ts';
import { cpuAffinity, intelRdt, ioPriority, memoryPolicy, scheduler } from './check-scheduling.ts';
import { ownSysctls } from './check-sysctls.ts';
import type { Hook } from './hooks.ts';
import type { RuntimeSpec } from './spec.ts';

/** The kernel's device numbers: 12 and 20 bits. */
const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xfffff;

export type Check = (spec: RuntimeSpec) => string[];

/** Those that need only the process, also for one that joins a container later. */
export const processChecks: readonly Check[] = [
  processArguments,
  workingDirectory,
  environment,
  userIds,
  rlimitNames,
  oomScore,
  securityLabels,
  scheduler,
  ioPriority,
  cpuAffinity,
];

export const checks: readonly Check[] = [
  version,
  platform,
  rootPath,
  ...processChecks,
  mountPlaces,
  mountTypes,
  mountMappings,
  namespacesOnce,
  namespacePaths,
  userMappings,
  overlappingMappings,
  hostNames,
  ownSysctls,
  timeOffsets,
  cgroupsPath,
  devicePaths,
  coveredPaths,
  hookPrograms,
  huge,
  networkDevices,
  memoryPolicy,
  intelRdt,
  personalityFlags,
];

function version({ ociVersion }: RuntimeSpec): string[] {
  const match = /^(\d{1,9})\.\d{1,9}\.\d{1,9}(?:[-+].{0,64})?$/.exec(ociVersion);
  if (match === null) return [`ociVersion: "${ociVersion}" is not a version`];
  return Number(match[1]) > 1 ? [`ociVersion: ${ociVersion} is newer than 1.3.0`] : [];
}

/** A configuration for another system has nothing to run here. */
function platform(spec: RuntimeSpec): string[] {
  if (spec.linux !== undefined) return [];
  return ['windows', 'solaris', 'zos', 'freebsd', 'vm']
    .filter((name) => Object.hasOwn(spec, name))
    .map((name) => `${name}: this runtime runs Linux containers only`);
}

function rootPath({ root }: RuntimeSpec): string[] {
  return root !== undefined && root.path === '' ? ['root.path: must not be empty'] : [];
}

function cgroupsPath({ linux }: RuntimeSpec): string[] {
  const path = linux?.cgroupsPath;
  if (path === undefined || !path.split('/').includes('..')) return [];
  return [`linux.cgroupsPath: "${path}" contains ".."`];
}

function devicePaths({ linux }: RuntimeSpec): string[] {
  return (linux?.devices ?? []).flatMap(({ path, type, major, minor }, index) => {
    const at = `linux.devices[${index}]`;
    if (!path.startsWith('/')) return [`${at}.path: "${path}" is not an absolute path`];
    if (type === 'p') return [];
    if (major === undefined || minor === undefined) {
      return [`${at}: a device of type ${type} needs major and minor`];
    }
    return [
      ...(major < 0 || major > MAJOR_MAX
        ? [`${at}.major: ${major} is not from 0 to ${MAJOR_MAX}`]
        : []),
      ...(minor < 0 || minor > MINOR_MAX
        ? [`${at}.minor: ${minor} is not from 0 to ${MINOR_MAX}`]
        : []),
    ];
  });
}

function coveredPaths({ linux }: RuntimeSpec): string[] {
  return (['maskedPaths', 'readonlyPaths'] as const).flatMap((field) =>
    (linux?.[field] ?? []).flatMap((path, index) =>
      path.startsWith('/') ? [] : [`linux.${field}[${index}]: "${path}" is not an absolute path`],
    ),
  );
}

function hookPrograms({ hooks }: RuntimeSpec): string[] {
  return Object.entries(hooks ?? {}).flatMap(([point, list]) =>
    Array.isArray(list)
      ? list.flatMap((hook, index) => hookProblems(hook, `hooks.${point}[${index}]`))
      : [],
  );
}

function hookProblems({ path, env = [] }: Hook, at: string): string[] {
  return [
    ...(path.startsWith('/') ? [] : [`${at}.path: "${path}" is not an absolute path`]),
    ...env.flatMap((entry, index) =>
      entry.indexOf('=') > 0 ? [] : [`${at}.env[${index}]: "${entry}" is not NAME=value`],
    ),
  ];
}

function personalityFlags({ linux }: RuntimeSpec): string[] {
  return (linux?.personality?.flags ?? []).map(
    (flag, index) => `linux.personality.flags[${index}]: "${flag}" is not supported`,
  );
}

function huge({ linux }: RuntimeSpec): string[] {
  return (linux?.resources?.hugepageLimits ?? []).flatMap(({ pageSize }, index) =>
    /^[1-9][0-9]{0,9}[KMG]B$/.test(pageSize)
      ? []
      : [`linux.resources.hugepageLimits[${index}].pageSize: "${pageSize}" is not a size like 2MB`],
  );
}
