/** What a well-typed config.json must also fulfil: small named checks, each returning its complaints. */

import {
  hostNames,
  namespacePaths,
  namespacesOnce,
  overlappingMappings,
  timeOffsets,
  userMappings,
} from './check-namespaces.ts';
import {
  environment,
  oomScore,
  processArguments,
  rlimitNames,
  securityLabels,
  userIds,
  workingDirectory,
} from './check-process.ts';
import { ownSysctls } from './check-sysctls.ts';
import type { RuntimeSpec } from './spec.ts';

export type Check = (spec: RuntimeSpec) => string[];

export const checks: readonly Check[] = [
  version,
  platform,
  rootPath,
  processArguments,
  workingDirectory,
  environment,
  userIds,
  rlimitNames,
  oomScore,
  mountPlaces,
  mountTypes,
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
  hookPaths,
  securityLabels,
  huge,
  netDeviceNames,
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

/** Not absolute is tolerated, taken from the root, as other runtimes do; empty is not. */
function mountPlaces({ mounts }: RuntimeSpec): string[] {
  return (mounts ?? []).flatMap(({ destination }, index) =>
    destination === '' ? [`mounts[${index}].destination: must not be empty`] : [],
  );
}

function mountTypes({ mounts }: RuntimeSpec): string[] {
  return (mounts ?? []).flatMap(({ type = '', source = '', options = [] }, index) => {
    const bind = type === 'bind' || options.includes('bind') || options.includes('rbind');
    if (bind && source === '') return [`mounts[${index}].source: a bind mount needs a source`];
    if (bind || options.includes('remount')) return [];
    return type === '' || type === 'none'
      ? [`mounts[${index}].type: must be given unless it is a bind mount`]
      : [];
  });
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
    if (type === 'p' || (major !== undefined && minor !== undefined)) return [];
    return [`${at}: a device of type ${type} needs major and minor`];
  });
}

function coveredPaths({ linux }: RuntimeSpec): string[] {
  return (['maskedPaths', 'readonlyPaths'] as const).flatMap((field) =>
    (linux?.[field] ?? []).flatMap((path, index) =>
      path.startsWith('/') ? [] : [`linux.${field}[${index}]: "${path}" is not an absolute path`],
    ),
  );
}

function hookPaths({ hooks }: RuntimeSpec): string[] {
  return Object.entries(hooks ?? {}).flatMap(([point, list]) =>
    Array.isArray(list)
      ? list.flatMap((hook, index) =>
          hook.path.startsWith('/')
            ? []
            : [`hooks.${point}[${index}].path: "${hook.path}" is not an absolute path`],
        )
      : [],
  );
}

function huge({ linux }: RuntimeSpec): string[] {
  return (linux?.resources?.hugepageLimits ?? []).flatMap(({ pageSize }, index) =>
    /^[1-9][0-9]{0,9}[KMG]B$/.test(pageSize)
      ? []
      : [`linux.resources.hugepageLimits[${index}].pageSize: "${pageSize}" is not a size like 2MB`],
  );
}

function netDeviceNames({ linux }: RuntimeSpec): string[] {
  return Object.entries(linux?.netDevices ?? {}).flatMap(([name, device]) =>
    [name, device.name ?? name].some((each) => each === '' || each.length > 15)
      ? [`linux.netDevices.${name}: an interface name has 1 to 15 bytes`]
      : [],
  );
}
