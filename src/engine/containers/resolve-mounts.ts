/** Everything that is mounted into a container: `-v`, `--mount`, `--tmpfs`, `--volumes-from`, and the image's VOLUMEs. */

import { statSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, Mount } from '../../spec/docker.ts';
import type { VolumeRecord } from '../volumes/table.ts';
import { checkTarget, cleanPath, parseBindText } from './bind-text.ts';
import { type MountRecord, mountRecord } from './mount-record.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

export interface MountSources {
  /** The volume of this name, made if absent; an empty name makes an anonymous one. */
  ensureVolume(name: string, labels: Record<string, string>, driver: string): VolumeRecord;
  volumePath(name: string): string;
  /** Makes a missing host directory. */
  makeDirectory(path: string): void;
  /** What another container mounts. */
  mountsOf(container: string): readonly MountRecord[];
}

/** Volumes are made on the way; the caller removes the anonymous ones if the creation fails later. */
export function resolveMounts(
  config: ContainerConfig,
  host: HostConfig,
  sources: MountSources,
): MountRecord[] {
  const mounts = new Map<string, MountRecord>();
  const explicit = [
    ...host.Binds.map((text) => fromBind(text, host.VolumeDriver, sources)),
    ...host.Mounts.map((mount) => fromMount(mount, sources)),
    ...Object.entries(host.Tmpfs).map(([target, options]) => fromTmpfs(target, options)),
  ];
  for (const mount of explicit) {
    if (mounts.has(mount.destination)) {
      const message = `Duplicate mount point: ${mount.destination}`;
      throw new TiffinError('invalid', 'duplicate-mount', message);
    }
    mounts.set(mount.destination, mount);
  }
  const inherited = host.VolumesFrom.flatMap((text) => fromContainer(text, sources));
  for (const mount of inherited) {
    if (!mounts.has(mount.destination)) mounts.set(mount.destination, mount);
  }
  for (const path of Object.keys(config.Volumes)) {
    const target = checkTarget(path, path);
    if (!mounts.has(target)) mounts.set(target, anonymous(target, host.VolumeDriver, sources));
  }
  return [...mounts.values()];
}

function fromBind(text: string, driver: string, sources: MountSources): MountRecord {
  const bind = parseBindText(text);
  const { readOnly, mode } = bind;
  if (bind.source.startsWith('/')) {
    // As Docker: a missing source of `-v` is made, of `--mount` it is not.
    if (!exists(bind.source)) sources.makeDirectory(bind.source);
    return mountRecord({
      type: 'bind',
      source: bind.source,
      destination: bind.target,
      readOnly,
      readOnlySubmounts: true,
      mode,
      propagation: bind.propagation || 'rprivate',
    });
  }
  const volume = sources.ensureVolume(bind.source, Object.create(null), driver);
  return {
    ...volumeMount(volume, bind.target, sources),
    readOnly,
    mode,
    copyUp: !bind.noCopy,
  };
}

function fromMount(mount: Mount, sources: MountSources): MountRecord {
  const target = checkTarget(mount.Target, mount.Target);
  switch (mount.Type) {
    case 'bind':
      return fromBindMount(mount, target, sources);
    case 'volume': {
      const options = mount.VolumeOptions;
      if ((options?.Subpath ?? '') !== '') throw unsupported('a volume subpath');
      const driver = options?.DriverConfig?.Name ?? '';
      const volume = sources.ensureVolume(mount.Source, options?.Labels ?? {}, driver);
      return {
        ...volumeMount(volume, target, sources),
        readOnly: mount.ReadOnly,
        copyUp: options?.NoCopy !== true,
      };
    }
    case 'tmpfs':
      return mountRecord({
        type: 'tmpfs',
        source: '',
        destination: target,
        readOnly: mount.ReadOnly,
        options: tmpfsOptions(mount),
      });
    default:
      throw unsupported(`mount type "${mount.Type}"`);
  }
}

function fromBindMount(mount: Mount, target: string, sources: MountSources): MountRecord {
  const options = mount.BindOptions;
  if (!mount.Source.startsWith('/')) {
    throw badMount(`invalid mount path: '${mount.Source}' mount path must be absolute`);
  }
  const source = cleanPath(mount.Source);
  const made = options?.CreateMountpoint === true;
  if (made && !exists(source)) sources.makeDirectory(source);
  if (!made && !exists(source)) throw badMount(`bind source path does not exist: ${source}`);
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

function tmpfsOptions(mount: Mount): string[] {
  const { SizeBytes = 0, Mode = 0, Options = [] } = mount.TmpfsOptions ?? {};
  const mode = Mode === 0 ? 0o1777 : Mode;
  return [
    ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
    `mode=${mode.toString(8)}`,
    ...parseTmpfsOptions(Options.map((pair) => pair.join('='))),
  ];
}

function fromTmpfs(target: string, options: string): MountRecord {
  return mountRecord({
    type: 'tmpfs',
    source: '',
    destination: checkTarget(target, target),
    options: parseTmpfsOptions(options === '' ? [] : options.split(',')),
  });
}

function fromContainer(text: string, sources: MountSources): MountRecord[] {
  const colon = text.lastIndexOf(':');
  const mode = colon < 0 ? '' : text.slice(colon + 1);
  if (mode !== '' && mode !== 'ro' && mode !== 'rw') {
    throw new TiffinError('invalid', 'bad-volumes-from', `invalid mode for volumes-from: ${mode}`);
  }
  const mounts = sources.mountsOf(colon < 0 ? text : text.slice(0, colon));
  return mounts
    .filter((mount) => mount.type !== 'tmpfs')
    .map((mount) => ({
      ...mount,
      readOnly: mount.readOnly || mode === 'ro',
      // The volume belongs to the container it was made for.
      anonymous: false,
    }));
}

function anonymous(target: string, driver: string, sources: MountSources): MountRecord {
  const volume = sources.ensureVolume('', Object.create(null), driver);
  return volumeMount(volume, target, sources);
}

function volumeMount(volume: VolumeRecord, target: string, sources: MountSources): MountRecord {
  return mountRecord({
    type: 'volume',
    name: volume.name,
    source: sources.volumePath(volume.name),
    destination: target,
    copyUp: true,
    anonymous: volume.anonymous,
  });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function badMount(why: string): TiffinError {
  return new TiffinError('invalid', 'bad-mount', `invalid mount config for type "bind": ${why}`);
}

function unsupported(what: string): TiffinError {
  return new TiffinError('unsupported', 'unsupported-mount', `${what} is not supported`);
}
