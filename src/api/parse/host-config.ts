/** `HostConfig` of a create request. */

import { TiffinError } from '../../base/errors.ts';
import type { HostConfig, Mount } from '../../spec/docker.ts';
import type { JsonObject } from '../../spec/json-object.ts';
import {
  consoleSize,
  expectTexts,
  integer,
  nullableTexts,
  objects,
  optionalFlag,
  optionalWord,
  text,
  textMap,
  texts,
} from './fields.ts';
import { parsePortMap } from './networking.ts';
import { parseResources, parseRestartPolicy } from './resources.ts';

const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;
/** Clients ask for logs only where they find a log driver that keeps them. */
const DEFAULT_LOG = 'json-file';

export function parseHostConfig(host: JsonObject): HostConfig {
  return {
    ...parseResources(host),
    ...parseStorage(host),
    ...parseSecurity(host),
    ...parseSurroundings(host),
    ContainerIDFile: text(host, 'ContainerIDFile'),
    LogConfig: parseLogConfig(host),
    RestartPolicy: parseRestartPolicy(host),
    AutoRemove: host.flag('AutoRemove'),
    ConsoleSize: consoleSize(host, 'ConsoleSize') ?? [0, 0],
    Annotations: textMap(host, 'Annotations'),
    OomScoreAdj: integer(host, 'OomScoreAdj'),
    Runtime: text(host, 'Runtime'),
    Isolation: text(host, 'Isolation'),
    Init: optionalFlag(host, 'Init') ?? null,
  };
}

function parseStorage(host: JsonObject) {
  return {
    Binds: texts(host, 'Binds'),
    VolumeDriver: text(host, 'VolumeDriver'),
    VolumesFrom: texts(host, 'VolumesFrom'),
    Mounts: objects(host, 'Mounts', parseMount),
    StorageOpt: textMap(host, 'StorageOpt'),
    Tmpfs: textMap(host, 'Tmpfs'),
    ShmSize: parseShmSize(host),
    ReadonlyRootfs: host.flag('ReadonlyRootfs'),
  };
}

function parseSecurity(host: JsonObject) {
  return {
    CapAdd: texts(host, 'CapAdd'),
    CapDrop: texts(host, 'CapDrop'),
    GroupAdd: texts(host, 'GroupAdd'),
    Privileged: host.flag('Privileged'),
    SecurityOpt: texts(host, 'SecurityOpt'),
    MaskedPaths: nullableTexts(host, 'MaskedPaths'),
    ReadonlyPaths: nullableTexts(host, 'ReadonlyPaths'),
    Sysctls: textMap(host, 'Sysctls'),
  };
}

function parseSurroundings(host: JsonObject) {
  return {
    NetworkMode: text(host, 'NetworkMode'),
    PortBindings: parsePortMap(host, 'PortBindings'),
    PublishAllPorts: host.flag('PublishAllPorts'),
    Dns: texts(host, 'Dns'),
    DnsOptions: texts(host, 'DnsOptions'),
    DnsSearch: texts(host, 'DnsSearch'),
    ExtraHosts: texts(host, 'ExtraHosts'),
    Links: texts(host, 'Links'),
    CgroupnsMode: parseCgroupns(host),
    Cgroup: text(host, 'Cgroup'),
    IpcMode: text(host, 'IpcMode') || 'private',
    PidMode: text(host, 'PidMode'),
    UTSMode: text(host, 'UTSMode'),
    UsernsMode: text(host, 'UsernsMode'),
  };
}

function parseCgroupns(host: JsonObject): 'private' | 'host' {
  const mode = text(host, 'CgroupnsMode') || 'private';
  if (mode === 'private' || mode === 'host') return mode;
  throw invalid(`invalid cgroup namespace mode: ${mode.slice(0, 64)}`);
}

function parseShmSize(host: JsonObject): number {
  const size = integer(host, 'ShmSize');
  if (size < 0) throw invalid('SHM size can not be less than 0');
  return size || DEFAULT_SHM_BYTES;
}

function parseMountType(item: JsonObject): Mount['Type'] {
  const type = text(item, 'Type') || 'volume';
  const known = MOUNT_TYPES.find((word) => word === type);
  if (known !== undefined) return known;
  throw invalid(`invalid mount config for type "${type.slice(0, 64)}": mount type unknown`);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-field', message);
}

function parseLogConfig(host: JsonObject): HostConfig['LogConfig'] {
  const log = host.object('LogConfig');
  if (log === undefined) return { Type: DEFAULT_LOG, Config: {} };
  return { Type: text(log, 'Type') || DEFAULT_LOG, Config: textMap(log, 'Config') };
}

const MOUNT_TYPES = ['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'] as const;
const PROPAGATIONS = ['', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;

function parseMount(item: JsonObject): Mount {
  const mount: Mount = {
    Type: parseMountType(item),
    Target: text(item, 'Target'),
    Source: text(item, 'Source'),
    ReadOnly: item.flag('ReadOnly'),
    Consistency: text(item, 'Consistency'),
  };
  const bind = item.object('BindOptions');
  if (bind !== undefined) mount.BindOptions = parseBindOptions(bind);
  const volume = item.object('VolumeOptions');
  if (volume !== undefined) mount.VolumeOptions = parseVolumeOptions(volume);
  const image = item.object('ImageOptions');
  if (image !== undefined) mount.ImageOptions = { Subpath: text(image, 'Subpath') };
  const tmpfs = item.object('TmpfsOptions');
  if (tmpfs !== undefined) mount.TmpfsOptions = parseTmpfsOptions(tmpfs);
  return mount;
}

function parseBindOptions(bind: JsonObject): Mount['BindOptions'] {
  return {
    Propagation: optionalWord(bind, 'Propagation', PROPAGATIONS) ?? '',
    NonRecursive: bind.flag('NonRecursive'),
    CreateMountpoint: bind.flag('CreateMountpoint'),
    ReadOnlyNonRecursive: bind.flag('ReadOnlyNonRecursive'),
    ReadOnlyForceRecursive: bind.flag('ReadOnlyForceRecursive'),
  };
}

function parseVolumeOptions(volume: JsonObject): Mount['VolumeOptions'] {
  const driver = volume.object('DriverConfig');
  return {
    NoCopy: volume.flag('NoCopy'),
    Labels: textMap(volume, 'Labels'),
    Subpath: text(volume, 'Subpath'),
    ...(driver !== undefined && {
      DriverConfig: { Name: text(driver, 'Name'), Options: textMap(driver, 'Options') },
    }),
  };
}

function parseTmpfsOptions(tmpfs: JsonObject): Mount['TmpfsOptions'] {
  return {
    SizeBytes: integer(tmpfs, 'SizeBytes', 0, Number.MAX_SAFE_INTEGER),
    Mode: integer(tmpfs, 'Mode', 0, 0o7777),
    // `[["noexec"], ["size", "64m"]]`
    Options: tmpfs.list('Options', 100, expectTexts) ?? [],
  };
}
