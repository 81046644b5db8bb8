/** `--mount`: one entry of `HostConfig.Mounts` becomes a mount of the container. */

import { statSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { Mount } from '../../spec/docker.ts';
import { checkTarget, cleanPath } from './bind-text.ts';
import { type MountRecord, mountRecord } from './mount-record.ts';
import { type MountSources, volumeMount } from './mount-sources.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

type From = (mount: Mount, target: string, sources: MountSources) => MountRecord;

const FROM: Partial<Record<Mount['Type'], From>> = {
  bind: fromBindMount,
  volume: fromVolumeMount,
  tmpfs: fromTmpfsMount,
  image: fromImageMount,
};

/** Options that belong to another type than the mount's are refused, as Docker does. */
const OPTIONS = [
  ['BindOptions', 'bind'],
  ['VolumeOptions', 'volume'],
  ['ImageOptions', 'image'],
  ['TmpfsOptions', 'tmpfs'],
] as const;

/** Throws `invalid` in Docker's words. */
export function fromMount(mount: Mount, sources: MountSources): MountRecord {
  const from = FROM[mount.Type];
  if (from === undefined) {
    const message = `mount type "${mount.Type}" is not supported`;
    throw new TiffinError('unsupported', 'unsupported-mount', message);
  }
  if (mount.Target === '') throw badMount(mount, 'field Target must not be empty');
  if (mount.Source.length > 4096) throw badMount(mount, 'field Source is too long');
  for (const [field, type] of OPTIONS) {
    const said = Object.values(mount[field] ?? {}).some((value) => isSaid(value));
    if (type !== mount.Type && said) throw badMount(mount, `field ${field} must not be specified`);
  }
  return from(mount, checkTarget(mount.Target, mount.Target), sources);
}

/** Clients send the options of every type, empty. */
function isSaid(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function fromBindMount(mount: Mount, target: string, sources: MountSources): MountRecord {
  const options = mount.BindOptions;
  if (mount.Source === '') throw badMount(mount, 'field Source must not be empty');
  if (!mount.Source.startsWith('/')) {
    throw badMount(mount, `invalid mount path: '${mount.Source}' mount path must be absolute`);
  }
  for (const field of ['ReadOnlyNonRecursive', 'ReadOnlyForceRecursive'] as const) {
    if (options?.[field] === true && !mount.ReadOnly) {
      throw badMount(mount, `mount option ${field} requires ReadOnly`);
    }
  }
  const forced = options?.ReadOnlyForceRecursive === true;
  if (forced && options?.NonRecursive) {
    throw badMount(mount, 'mount option ReadOnlyForceRecursive contradicts NonRecursive');
  }
  if (forced && !['', 'private', 'rprivate'].includes(options?.Propagation ?? '')) {
    throw badMount(mount, 'mount option ReadOnlyForceRecursive requires the propagation rprivate');
  }
  const source = cleanPath(mount.Source);
  const made = options?.CreateMountpoint === true;
  if (made && !exists(source)) sources.makeDirectory(source);
  if (!made && !exists(source)) {
    throw badMount(mount, `bind source path does not exist: ${source}`);
  }
  return mountRecord({
    type: 'bind',
    source,
    destination: target,
    readOnly: mount.ReadOnly,
    propagation: options?.Propagation || 'rprivate',
    recursive: options?.NonRecursive !== true,
    readOnlySubmounts: options?.ReadOnlyNonRecursive !== true,
  });
}

function fromVolumeMount(mount: Mount, target: string, sources: MountSources): MountRecord {
  const options = mount.VolumeOptions;
  const subpath = checkSubpath(mount, options?.Subpath ?? '');
  if (mount.Source === '' && subpath !== undefined) {
    throw badMount(mount, 'must not set Subpath when using anonymous volumes');
  }
  const volume = sources.ensureVolume({
    Name: mount.Source,
    Driver: options?.DriverConfig?.Name ?? '',
    DriverOpts: options?.DriverConfig?.Options ?? {},
    Labels: options?.Labels ?? {},
  });
  return {
    ...volumeMount(volume, target, sources),
    mode: 'z',
    readOnly: mount.ReadOnly,
    // What is below a subpath exists already.
    copyUp: options?.NoCopy !== true && subpath === undefined,
    ...(subpath !== undefined && { subpath }),
  };
}

function fromTmpfsMount(mount: Mount, target: string): MountRecord {
  if (mount.Source !== '') throw badMount(mount, 'field Source must not be specified');
  const { SizeBytes = 0, Mode = 0, Options = [] } = mount.TmpfsOptions ?? {};
  const mode = Mode === 0 ? 0o1777 : Mode;
  return mountRecord({
    type: 'tmpfs',
    source: '',
    destination: target,
    readOnly: mount.ReadOnly,
    options: [
      ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
      `mode=${mode.toString(8)}`,
      ...parseTmpfsOptions(Options.map((pair) => pair.join('='))),
    ],
  });
}

/** The image's files with a layer of the container's own on top, gone with the container. */
function fromImageMount(mount: Mount, target: string, sources: MountSources): MountRecord {
  if (mount.Source === '') throw badMount(mount, 'field Source must not be empty');
  const subpath = checkSubpath(mount, mount.ImageOptions?.Subpath ?? '');
  return mountRecord({
    type: 'image',
    name: mount.Source,
    source: '',
    image: sources.imageId(mount.Source),
    destination: target,
    readOnly: mount.ReadOnly,
    recursive: true,
    ...(subpath !== undefined && { subpath }),
  });
}

/** Relative and without a way up: the rest is the kernel's to check when it is mounted. */
function checkSubpath(mount: Mount, subpath: string): string | undefined {
  if (subpath === '') return undefined;
  const clean = cleanPath(subpath);
  if (clean.startsWith('/') || clean === '..' || clean.startsWith('../') || clean.length > 4096) {
    throw badMount(mount, 'subpath must be a relative path within the volume');
  }
  return clean;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function badMount({ Type }: Mount, why: string): TiffinError {
  return new TiffinError('invalid', 'bad-mount', `invalid mount config for type "${Type}": ${why}`);
}
