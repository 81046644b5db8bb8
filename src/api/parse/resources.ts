/** `Resources`, for create (complete) and for update (only what was sent). */

import { TiffinError } from '../../base/errors.ts';
import type {
  ContainerUpdateRequest,
  DeviceMapping,
  DeviceRequest,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
} from '../../spec/docker.ts';
import type { JsonObject } from '../../spec/json-object.ts';
import {
  expectTexts,
  integer,
  objects,
  optionalFlag,
  optionalInteger,
  text,
  textMap,
  texts,
} from './fields.ts';

/** Limits that no Linux engine has (any more): refused when they say something, as a limit must not be lost silently. */
const ABSENT: readonly (readonly [field: string, why: string])[] = [
  ['CpuCount', 'it exists on Windows only'],
  ['CpuPercent', 'it exists on Windows only'],
  ['IOMaximumIOps', 'it exists on Windows only'],
  ['IOMaximumBandwidth', 'it exists on Windows only'],
  ['KernelMemory', 'Linux removed this limit'],
  ['KernelMemoryTCP', 'use Memory, which counts network buffers too'],
];

export function parseResources(host: JsonObject): Resources {
  for (const [field, why] of ABSENT) {
    if (integer(host, field) > 0) throw invalid(`${field} is not supported: ${why}`);
  }
  return {
    CpuShares: integer(host, 'CpuShares'),
    Memory: integer(host, 'Memory'),
    CgroupParent: text(host, 'CgroupParent'),
    BlkioWeight: integer(host, 'BlkioWeight', 0, 65_535),
    BlkioWeightDevice: objects(host, 'BlkioWeightDevice', (device) => ({
      Path: text(device, 'Path'),
      Weight: integer(device, 'Weight', 0, 65_535),
    })),
    BlkioDeviceReadBps: objects(host, 'BlkioDeviceReadBps', parseThrottle),
    BlkioDeviceWriteBps: objects(host, 'BlkioDeviceWriteBps', parseThrottle),
    BlkioDeviceReadIOps: objects(host, 'BlkioDeviceReadIOps', parseThrottle),
    BlkioDeviceWriteIOps: objects(host, 'BlkioDeviceWriteIOps', parseThrottle),
    CpuPeriod: integer(host, 'CpuPeriod'),
    CpuQuota: integer(host, 'CpuQuota'),
    CpuRealtimePeriod: integer(host, 'CpuRealtimePeriod'),
    CpuRealtimeRuntime: integer(host, 'CpuRealtimeRuntime'),
    CpusetCpus: text(host, 'CpusetCpus'),
    CpusetMems: text(host, 'CpusetMems'),
    Devices: objects(host, 'Devices', parseDevice),
    DeviceCgroupRules: texts(host, 'DeviceCgroupRules'),
    DeviceRequests: objects(host, 'DeviceRequests', parseDeviceRequest),
    MemoryReservation: integer(host, 'MemoryReservation'),
    MemorySwap: integer(host, 'MemorySwap'),
    MemorySwappiness: parseSwappiness(host),
    NanoCpus: integer(host, 'NanoCpus'),
    OomKillDisable: optionalFlag(host, 'OomKillDisable') ?? null,
    PidsLimit: optionalInteger(host, 'PidsLimit') ?? null,
    Ulimits: objects(host, 'Ulimits', parseUlimit),
  };
}

/** Zero and empty mean "as it is": Docker's client always sends every field. */
export function parseContainerUpdate(body: JsonObject): ContainerUpdateRequest {
  const update: ContainerUpdateRequest = {};
  for (const [key, value] of Object.entries(parseResources(body))) {
    const sent = Array.isArray(value) ? value.length > 0 : Boolean(value);
    if (sent) Object.assign(update, { [key]: value });
  }
  // Zero says something here: no swapping, no limit.
  if (body.has('MemorySwappiness')) update.MemorySwappiness = parseSwappiness(body);
  const pids = optionalInteger(body, 'PidsLimit');
  if (pids !== undefined) update.PidsLimit = pids;
  const policy = parseRestartPolicy(body);
  if (policy.Name !== '') update.RestartPolicy = policy;
  return update;
}

export function parseRestartPolicy(host: JsonObject): RestartPolicy {
  const policy = host.object('RestartPolicy');
  if (policy === undefined) return { Name: '', MaximumRetryCount: 0 };
  const name = text(policy, 'Name');
  const known = POLICIES.find((word) => word === name);
  if (known === undefined) {
    throw invalid(
      `invalid restart policy: unknown policy '${name.slice(0, 64)}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  const count = integer(policy, 'MaximumRetryCount');
  if (known === 'on-failure' && count < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative');
  }
  if (known !== 'on-failure' && count !== 0) {
    const negative = count < 0 ? ' and cannot be negative' : '';
    throw invalid(
      `invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`,
    );
  }
  return { Name: known, MaximumRetryCount: count };
}

const POLICIES = ['', 'no', 'always', 'unless-stopped', 'on-failure'] as const;

/** -1 is how Docker's client says nothing. */
function parseSwappiness(host: JsonObject): number | null {
  const value = optionalInteger(host, 'MemorySwappiness') ?? -1;
  if (value < -1 || value > 100) {
    throw invalid(`Invalid value: ${value}, valid memory swappiness range is 0-100`);
  }
  return value === -1 ? null : value;
}

function parseThrottle(device: JsonObject): ThrottleDevice {
  return { Path: text(device, 'Path'), Rate: integer(device, 'Rate', 0, Number.MAX_SAFE_INTEGER) };
}

function parseDevice(device: JsonObject): DeviceMapping {
  return {
    PathOnHost: text(device, 'PathOnHost'),
    PathInContainer: text(device, 'PathInContainer'),
    CgroupPermissions: text(device, 'CgroupPermissions'),
  };
}

function parseDeviceRequest(request: JsonObject): DeviceRequest {
  return {
    Driver: text(request, 'Driver'),
    Count: integer(request, 'Count'),
    DeviceIDs: texts(request, 'DeviceIDs'),
    Capabilities: request.list('Capabilities', 100, expectTexts) ?? [],
    Options: textMap(request, 'Options'),
  };
}

function parseUlimit(limit: JsonObject): Ulimit {
  return {
    Name: text(limit, 'Name'),
    Soft: integer(limit, 'Soft'),
    Hard: integer(limit, 'Hard'),
  };
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-field', message);
}
